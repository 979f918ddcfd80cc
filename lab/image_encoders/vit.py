"""CLIP ViT-B/16's first blocks in PyTorch.

LayerNorms learn, and with a `rank` a low-rank change of the linear layers that stand before a
non-linearity (LoRA); everything else stays frozen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.engine.image_encoders.weights import HEADS, MEAN, PATCH, SIDE, STD, WIDTH, Weights

GRID = SIDE // PATCH
ADAPTED = ("qkv", "out", "fc1")


class LowRank(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """The trained addition to a frozen linear layer; zero at first."""

    def __init__(self, inward: int, outward: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(inward, rank) * inward**-0.5)
        self.up = nn.Parameter(torch.zeros(rank, outward))

    def forward(self, x: Tensor) -> Tensor:
        return (x @ self.down) @ self.up


class Block(nn.Module):  # type: ignore[misc]  # torch is not installed here
    def __init__(self, weights: Weights, number: int, rank: int = 0) -> None:
        super().__init__()
        stem = f"encoder.layers.{number}"

        def fixed(name: str, layers: Iterable[str], axis: int) -> None:
            joined = np.concatenate([weights[f"{stem}.{layer}"] for layer in layers], axis)
            self.register_buffer(name, torch.from_numpy(joined), persistent=False)

        qkv = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
        fixed("qkv", [f"{name}.weight" for name in qkv], 1)
        fixed("qkv_bias", [f"{name}.bias" for name in qkv], 0)
        for short, layer in (("out", "self_attn.out_proj"), ("fc1", "mlp.fc1"), ("fc2", "mlp.fc2")):
            fixed(short, [f"{layer}.weight"], 1)
            fixed(f"{short}_bias", [f"{layer}.bias"], 0)
        self.norm1 = norm(weights, f"{stem}.layer_norm1")
        self.norm2 = norm(weights, f"{stem}.layer_norm2")
        learns = {name: tuple(getattr(self, name).shape) for name in ADAPTED} if rank else {}
        self.low = nn.ModuleDict(
            {n: LowRank(inward, outward, rank) for n, (inward, outward) in learns.items()}
        )

    def linear(self, x: Tensor, name: str) -> Tensor:
        found = x @ getattr(self, name) + getattr(self, f"{name}_bias")
        return found + self.low[name](x) if name in self.low else found

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        mixed = self.linear(self.norm1(x), "qkv")
        q, k, v = mixed.view(batch, tokens, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v)
        x = x + self.linear(seen.transpose(1, 2).reshape(batch, tokens, width), "out")
        hidden = self.linear(self.norm2(x), "fc1")
        return x + self.linear(hidden * torch.sigmoid(1.702 * hidden), "fc2")


def norm(weights: Weights, name: str) -> nn.LayerNorm:
    layer = nn.LayerNorm(WIDTH, eps=1e-5)
    layer.weight.data = torch.from_numpy(weights[f"{name}.weight"].copy())
    layer.bias.data = torch.from_numpy(weights[f"{name}.bias"].copy())
    return layer


class Encoder(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """Returns the tokens after the blocks in `taps`, counted from 1."""

    def __init__(self, weights: Weights, taps: Sequence[int], rank: int = 0) -> None:
        super().__init__()
        self.taps = tuple(taps)
        kernel = weights["embeddings.patch_embedding.weight"].reshape(WIDTH, -1).T
        for name, value in (
            ("kernel", kernel),
            ("token", weights["embeddings.class_embedding"]),
            ("positions", weights["embeddings.position_embedding.weight"]),
            ("mean", np.array(MEAN, np.float32) * 255),
            ("std", np.array(STD, np.float32) * 255),
        ):
            self.register_buffer(name, torch.from_numpy(value.copy()), persistent=False)
        self.before = norm(weights, "pre_layrnorm")
        self.blocks = nn.ModuleList(Block(weights, n, rank) for n in range(max(taps)))

    def forward(self, pixels: Tensor, corner: tuple[int, int] | None = None) -> list[Tensor]:
        """`pixels`: batch x side x side x 3, 0..255, the side a multiple of 16 up to 224.

        A smaller crop takes its positions from a part of the grid that begins at `corner`,
        by default in the middle.
        """
        batch, side = pixels.shape[0], pixels.shape[1] // PATCH
        x = (pixels.float() - self.mean) / self.std
        x = x.view(batch, side, PATCH, side, PATCH, 3).permute(0, 1, 3, 5, 2, 4)
        x = x.reshape(batch, side * side, -1) @ self.kernel
        top, left = corner or ((GRID - side) // 2, (GRID - side) // 2)
        grid = self.positions[1:].view(GRID, GRID, WIDTH)
        x = x + grid[top : top + side, left : left + side].reshape(-1, WIDTH)
        token = (self.token + self.positions[0]).expand(batch, 1, WIDTH)
        x = self.before(torch.cat([token, x], 1))
        tapped = []
        for number, block in enumerate(self.blocks, 1):
            x = block(x)
            if number in self.taps:
                tapped.append(x)
        return tapped


class Judge(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """One logit a crop, from the class token and the mean of the patches at each tap."""

    SCALE = 16.0

    def __init__(self, weights: Weights, taps: Sequence[int], rank: int = 0) -> None:
        super().__init__()
        self.encoder = Encoder(weights, taps, rank)
        self.head = nn.Linear(2 * WIDTH * len(taps), 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, pixels: Tensor, corner: tuple[int, int] | None = None) -> Tensor:
        parts: list[Tensor] = []
        for tokens in self.encoder(pixels, corner):
            parts += [tokens[:, 0], tokens[:, 1:].mean(1)]
        return torch.cat([F.normalize(part, dim=-1) * self.SCALE for part in parts], -1)

    def forward(self, pixels: Tensor, corner: tuple[int, int] | None = None) -> Tensor:
        return self.head(self.features(pixels, corner))[:, 0]

    def learnt(self) -> dict[str, Tensor]:
        return dict(self.named_parameters())
