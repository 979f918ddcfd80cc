"""The small network that `face_forgery` serves, in PyTorch and without normalisation, for further
training.

The served file holds its weights with the normalisation folded in. Here they go on from there; on
few pictures and in small batches nothing else than they should move.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

STAGES = (
    # kernel, stride, expansion, filters, repeats; as in lab.face.lite0
    (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1),
)  # fmt: skip
STEM, HEAD, NARROW = 32, 1280, 48
HEADS = ("logit", "map_coarse", "map_fine", "map_cells")


class Same(nn.Conv2d):  # type: ignore[misc]  # torch is not installed here
    """Pads as TensorFlow does: what is over goes to the right and below."""

    def forward(self, x: Tensor) -> Tensor:
        total = max(self.kernel_size[0] - self.stride[0], 0)
        before = total // 2
        if before == total - before:
            return F.conv2d(x, self.weight, self.bias, self.stride, before, 1, self.groups)
        x = F.pad(x, (before, total - before, before, total - before))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)


class Block(nn.Module):  # type: ignore[misc]  # torch is not installed here
    def __init__(self, inward: int, kernel: int, stride: int, expansion: int, outward: int) -> None:
        super().__init__()
        wide = inward * expansion
        self.expand = Same(inward, wide, 1) if expansion > 1 else None
        self.depthwise = Same(wide, wide, kernel, stride, groups=wide)
        self.project = Same(wide, outward, 1)
        self.added = stride == 1 and inward == outward

    def forward(self, x: Tensor) -> Tensor:
        wide = F.relu6(self.expand(x)) if self.expand is not None else x
        found = self.project(F.relu6(self.depthwise(wide)))
        return x + found if self.added else found


class Net(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """Logits, and a map of where with one cell for each eight pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Same(3, STEM, 3, 2)
        self.blocks = nn.ModuleList()
        before = STEM
        self.at: list[int] = []
        for kernel, stride, expansion, filters, repeats in STAGES:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                self.blocks.append(Block(before, kernel, step, expansion, filters))
                before = filters
            self.at.append(len(self.blocks) - 1)
        self.head = Same(before, HEAD, 1)
        self.logit = nn.Linear(HEAD, 1)
        self.map_fine, self.map_coarse = Same(40, NARROW, 1), Same(112, NARROW, 1)
        self.map_cells = Same(NARROW, 1, 3)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """`pixels`: batch x side x side x 3, 0..255."""
        x = ((pixels.float() - 127.0) / 128.0).permute(0, 3, 1, 2)
        x = F.relu6(self.stem(x.contiguous(memory_format=torch.channels_last)))
        kept = {}
        for number, block in enumerate(self.blocks):
            x = block(x)
            kept[number] = x
        fine, coarse = kept[self.at[2]], kept[self.at[4]]
        top = F.relu6(self.head(x)).mean((2, 3))
        both = F.interpolate(self.map_coarse(coarse), scale_factor=2) + self.map_fine(fine)
        return self.logit(F.dropout(top, 0.2, self.training))[:, 0], self.map_cells(F.relu6(both))[
            :, 0
        ]

    def load_folded(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """By the names that `served_weights` writes, kernels as Keras keeps them."""
        for name, layer in self.layers().items():
            kernel = torch.from_numpy(np.array(arrays[f"{name}/kernel"], np.float32))
            if isinstance(layer, nn.Linear):
                layer.weight.data = kernel.T.contiguous()
            elif name.endswith("depthwise"):
                layer.weight.data = kernel.permute(2, 3, 0, 1).contiguous()
            else:
                layer.weight.data = kernel.permute(3, 2, 0, 1).contiguous()
            layer.bias.data = torch.from_numpy(np.array(arrays[f"{name}/bias"], np.float32))

    def folded(self) -> dict[str, NDArray[np.float32]]:
        found: dict[str, NDArray[np.float32]] = {}
        for name, layer in self.layers().items():
            weight = layer.weight.detach()
            if isinstance(layer, nn.Linear):
                kernel = weight.T
            elif name.endswith("depthwise"):
                kernel = weight.permute(2, 3, 0, 1)
            else:
                kernel = weight.permute(2, 3, 1, 0)
            found[f"{name}/kernel"] = np.ascontiguousarray(kernel.numpy())
            found[f"{name}/bias"] = layer.bias.detach().numpy().copy()
        return found

    def layers(self) -> dict[str, Same | nn.Linear]:
        """By their names in the served network."""
        found: dict[str, Same | nn.Linear] = {"stem": self.stem, "head": self.head}
        for number, block in enumerate(self.blocks):
            for part in ("expand", "depthwise", "project"):
                layer = getattr(block, part)
                if layer is not None:
                    found[f"block{number}_{part}"] = layer
        return found | {name: getattr(self, name) for name in HEADS}
