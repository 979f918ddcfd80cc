"""Shared code of runs that tune the image encoder: a step, and the moving average that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn


class Tuning:
    """AdamW with a peak rate for each group of parameters."""

    def __init__(self, model: nn.Module, groups: Mapping[float, Iterable[nn.Parameter]]) -> None:
        self.model, self.peaks, self.steps = model, list(groups), 0
        self.optimiser = torch.optim.AdamW(
            [{"params": list(some), "lr": rate} for rate, some in groups.items()], weight_decay=0.0
        )
        self._lifted: list[tuple[nn.Parameter, Tensor]] = []
        self.averaged = {name: p.detach().clone() for name, p in model.named_parameters()}

    def lift(self, distance: float) -> None:
        """Moves the weights `distance` up the loss, by the momentum of the earlier steps, until
        `step` has its gradients. Taken there, they prefer flat places, at no further cost."""
        states = ((p, self.optimiser.state.get(p, {})) for p in self.model.parameters())
        ways = [(p, state["exp_avg"]) for p, state in states if "exp_avg" in state]
        length = float(sum(way.square().sum() for _, way in ways)) ** 0.5
        self._lifted = [(p, way * (distance / (length + 1e-12))) for p, way in ways if distance]
        for p, way in self._lifted:
            p.data.add_(way)

    def step(self, loss: Tensor, factor: float) -> None:
        """At `factor` times the peak rates."""
        for group, peak in zip(self.optimiser.param_groups, self.peaks, strict=True):
            group["lr"] = peak * factor
        self.optimiser.zero_grad()
        loss.backward()
        for p, way in self._lifted:
            p.data.sub_(way)
        self._lifted = []
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.steps += 1
        keep = min(0.99, self.steps / (self.steps + 10))
        for name, p in self.model.named_parameters():
            self.averaged[name].lerp_(p.detach(), 1 - keep)

    def save(self, file: Path) -> None:
        """The moving average."""
        torch.save(self.averaged, file)
