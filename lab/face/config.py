"""The complete configuration of a training. It is saved next to the weights."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

NETWORK_NAMES = ("lite0", "meso4")
"""Made in `networks.py`; named here, because settings are read without loading Keras."""


class ConfigRefused(ValueError):
    """A setting is unknown, or has a value that cannot work."""


@dataclass(frozen=True)
class FaceConfig:
    seed: int = 1
    network: str = "lite0"
    """One of NETWORK_NAMES."""
    start: str = "imagenet"
    """Where the backbone's weights begin: `imagenet`, `nothing`, or the name of a finished run."""
    keep_heads: bool = False
    """Also use a finished run's heads. Otherwise they are initialised, as they must be after
    ImageNet."""
    side: int = 128
    """The network's input, in pixels."""
    steps: int = 4000
    head_steps: int = 100
    """First steps in which only the two heads learn."""
    decay_share: float = 0.35
    """Last part of the steps, in which the rate falls in a line to nothing. Before it begins, a
    resumed run may be given more or fewer steps."""
    warm_up: int = 150
    rate: float = 7e-4
    head_rate: float = 2e-3
    weight_decay: float = 0.02
    ema: float = 0.998
    uphill: float = 0.0
    """How far the weights are moved, for each gradient, against where the last steps went: what is
    found then stays good round about (momentum SAM, at no second gradient). 0 for not at all."""
    smoothing: float = 0.03
    mask_weight: float = 0.3
    pairs: int = 12
    """Manipulated pictures a batch, each with a genuine one: its own original or another."""
    blends: int = 4
    """Self-blends a batch, each with its own original."""
    donors: float = 0.0
    """The share of blends with another person's face (`foreign.py`)."""
    redrawn: float = 0.0
    """The share of blends whose inserted face is redrawn (`redraw.py`)."""
    by_network: float = 0.0
    """The share of redrawn faces that a small network draws (`drawers.py`)."""
    own_original: float = 0.6
    """How often a manipulated picture is paired with its own original, if there is one."""
    matched_negative: float = 0.5
    """How often an original goes, as a whole, through what its blend went through in part."""
    unchecked_weight: float = 0.7
    """The weight of manipulated pictures that were not compared with their original."""
    sources: tuple[str, ...] = ("dfdc", "ffhq", "lfw", "utkface")
    fake_sources: tuple[str, ...] = ("dfdc",)
    without_families: tuple[str, ...] = ()
    """Kinds of blend (`blend.FAMILIES`) that are left out, to see what carries over to them."""
    mean_of: tuple[str, ...] = ()
    """Runs of which this is the mean (`average.py`); the other settings are then the last one's."""
    save_minutes: float = 3.0

    def __post_init__(self) -> None:
        shares = (self.donors, self.redrawn, self.by_network)
        refused = [
            (self.side % 32 != 0 or self.side < 64, "side must be a multiple of 32, at least 64"),
            (self.steps <= self.head_steps, "steps must be more than head_steps"),
            (
                self.network not in NETWORK_NAMES,
                f"network must be one of {', '.join(NETWORK_NAMES)}",
            ),
            (self.pairs + self.blends < 1, "a batch needs pairs or blends"),
            (self.pairs > 0 and not self.fake_sources, "pairs need a source of fakes"),
            (not 0 < self.decay_share <= 1, "decay_share must lie in (0, 1]"),
            (not 0 <= self.smoothing < 0.5, "smoothing must lie in [0, .5)"),
            (not 0 < self.ema < 1, "ema must lie in (0, 1)"),
            (not min(shares) >= 0, "shares must not be below nothing"),
            (max(shares) > 1, "shares must not be above one"),
            (min(self.rate, self.head_rate) <= 0, "rates must be above nothing"),
            (self.uphill < 0, "uphill must not be below nothing"),
            (
                self.keep_heads and self.start in ("imagenet", "nothing"),
                "heads are kept only of a finished run",
            ),
        ]
        for wrong, sentence in refused:
            if wrong:
                raise ConfigRefused(sentence)

    @property
    def batch(self) -> int:
        return 2 * (self.pairs + self.blends)

    @property
    def decay_from(self) -> int:
        return self.steps - round(self.decay_share * self.steps)

    def learning_rate(self, step: int) -> float:
        """Up in a line, level, down in a line to nothing at the end."""
        if step < self.head_steps:
            return self.head_rate
        up = min((step - self.head_steps + 1) / max(self.warm_up, 1), 1.0)
        down = min((self.steps - step) / max(self.steps - self.decay_from, 1), 1.0)
        return self.rate * up * down

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> FaceConfig:
        values = json.loads(text)
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigRefused(f"Unknown settings: {', '.join(unknown)}")
        for name in ("sources", "fake_sources", "without_families", "mean_of"):
            if name in values:
                values[name] = tuple(values[name])
        return cls(**values)

    @classmethod
    def read(cls, file: Path) -> FaceConfig:
        return cls.from_json(file.read_text(encoding="utf-8"))


SYNTHETIC = FaceConfig(
    steps=600,
    head_steps=60,
    pairs=16,
    blends=0,
    mask_weight=0.0,  # a generated face has no part that was altered
    fake_sources=("stylegan",),
)
"""For faces that were generated as a whole: far fewer pictures, no pairs of one original."""
PRESETS = {"face": FaceConfig(), "synthetic": SYNTHETIC}
