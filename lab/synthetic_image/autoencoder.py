"""Autoencoders for round trips: the tiny one of FLUX.2, and small ones of this project."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn


class _Residual(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """Names follow the published state dictionary."""

    def __init__(self, width: int, pooled: bool) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.pool = None
        if pooled:
            wide = 4 * width
            self.pool = nn.Sequential(
                nn.Conv2d(width, wide, 1, bias=False),
                nn.GroupNorm(4, wide),
                nn.ReLU(),
                nn.Conv2d(wide, width, 1, bias=False),
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


class _Soft(nn.Module):  # type: ignore[misc]  # torch is not installed here
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


def _stage(first: list[nn.Module], blocks: int, pooled: bool) -> list[nn.Module]:
    return [*first, *(_Residual(64, pooled) for _ in range(blocks))]


def _half() -> nn.Module:
    return nn.Conv2d(64, 64, 3, stride=2, padding=1, bias=False)


def _double() -> list[nn.Module]:
    return [nn.Upsample(scale_factor=2), nn.Conv2d(64, 64, 3, padding=1, bias=False)]


class Taef2(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """Pixels 0..1 -> 32 numbers for each 8 x 8 pixels -> pixels."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *_stage([nn.Conv2d(3, 64, 3, padding=1)], 1, False),
            *_stage([_half()], 3, False),
            *_stage([_half()], 3, False),
            *_stage([_half()], 3, True),
            nn.Conv2d(64, 32, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            *_stage([_Soft(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU()], 3, True),
            *_stage(_double(), 3, False),
            *_stage(_double(), 3, False),
            *_stage(_double(), 1, False),
            nn.Conv2d(64, 3, 3, padding=1),
        )
        for name in ("encoder", "decoder"):
            state = torch.load(folder / f"taef2_{name}.pth", weights_only=True)
            getattr(self, name).load_state_dict(state)

    def forward(self, x: Tensor, noise: float = 0.0) -> Tensor:
        z = self.encoder(x)
        if noise:
            z = z + noise * z.std() * torch.randn_like(z)
        return self.decoder(z).clamp(0, 1)


class Small(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """A plain autoencoder of our own. `stride` 4 or 16; `up` is how its decoder enlarges."""

    def __init__(self, stride: int, up: str, latent: int, width: int = 48) -> None:
        super().__init__()
        halvings = stride.bit_length() - 1
        down: list[nn.Module] = []
        rise: list[nn.Module] = []
        before = 3
        for _ in range(halvings):
            down += [
                nn.Conv2d(before, width, 4, 2, 1),
                nn.SiLU(),
                nn.Conv2d(width, width, 3, 1, 1),
                nn.SiLU(),
            ]
            before = width
        down.append(nn.Conv2d(width, latent, 3, 1, 1))
        before = latent
        for _ in range(halvings):
            rise += [nn.Conv2d(before, width, 3, 1, 1), nn.SiLU()]
            if up == "transposed":
                rise += [nn.ConvTranspose2d(width, width, 4, 2, 1), nn.SiLU()]
            elif up == "shuffle":
                rise += [nn.Conv2d(width, 4 * width, 1), nn.PixelShuffle(2), nn.SiLU()]
            else:
                rise += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, 1, 1), nn.SiLU()]
            before = width
        rise.append(nn.Conv2d(width, 3, 3, 1, 1))
        self.encoder, self.decoder = nn.Sequential(*down), nn.Sequential(*rise)

    def forward(self, x: Tensor, noise: float = 0.0) -> Tensor:
        z = self.encoder(x)
        if noise:
            z = z + noise * z.std() * torch.randn_like(z)
        return self.decoder(z).clamp(0, 1)
