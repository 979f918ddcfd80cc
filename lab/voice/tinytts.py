"""TinyTTS, a network that speaks English (Apache-2.0).

Its package contains the code and a pronunciation dictionary. The weights, published with an earlier
version, are expected next to the store: `pip download --no-deps --no-binary :all: tiny-tts==0.2.0`
downloads them.
"""

from __future__ import annotations

import importlib.util
import io
import pickle
import re
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation import data_folders

OWN_RATE = 44_100
ARCHIVE, MEMBER = "tiny_tts-0.2.0.tar.gz", "tiny_tts-0.2.0/checkpoints/G.pth"
SIZES = {
    "inter_channels": 80,
    "hidden_channels": 80,
    "filter_channels": 320,
    "gin_channels": 80,
    "upsample_initial_channel": 256,
}
"""Of the published weights; the package's own are those of a smaller network."""


def archive() -> Path:
    return data_folders.cache() / "sound" / ARCHIVE


class Voice:
    """One speaker, as the weights know him."""

    def __init__(self) -> None:
        package = _without_its_front()
        import torch
        from tiny_tts.models import VoiceSynthesizer
        from tiny_tts.text.symbols import symbols
        from tiny_tts.utils import config

        sizes = config.MODEL_PARAMS | SIZES
        self.network: Any = VoiceSynthesizer(
            len(symbols), config.SPEC_CHANNELS, config.SEGMENT_FRAMES, n_speakers=1, **sizes
        )
        with tarfile.open(archive()) as held:
            file = held.extractfile(MEMBER)
            assert file is not None
            content = io.BytesIO(file.read())
        weights = torch.load(content, map_location="cpu", weights_only=True)["model"]
        self.network.load_state_dict({k.removeprefix("module."): v for k, v in weights.items()})
        self.network.eval()
        self.network.dec.remove_weight_norm()
        words = package / "text" / "cmudict_cache.pickle"
        self.dictionary: dict[str, list[list[str]]] = pickle.loads(words.read_bytes())  # noqa: S301
        self.known = set(symbols)

    def says(self, sentence: str, rng: np.random.Generator) -> NDArray[np.float32]:
        import torch
        from tiny_tts.nn import commons
        from tiny_tts.text import phonemes_to_ids

        sounds, tones = self._sounds(sentence)
        ids = [commons.insert_blanks(part, 0) for part in phonemes_to_ids(sounds, tones, "EN")]
        many = len(ids[0])
        torch.manual_seed(int(rng.integers(1, 2**31)))
        phonemes, tone, language = (torch.tensor([part]) for part in ids)
        with torch.no_grad():
            wave, *_ = self.network.infer(
                phonemes,
                torch.tensor([many]),
                torch.tensor([0]),
                tone,
                language,
                torch.zeros(1, 1024, many),
                torch.zeros(1, 768, many),
                noise_scale=float(rng.uniform(0.3, 0.9)),
                noise_scale_w=float(rng.uniform(0.4, 1.0)),
                length_scale=float(rng.uniform(0.85, 1.2)),
            )
        return np.asarray(wave[0, 0].numpy(), np.float32)

    def _sounds(self, sentence: str) -> tuple[Sequence[str], Sequence[int]]:
        """A sentence's sounds and how each is stressed, word by word out of the dictionary."""
        sounds, tones = ["_"], [0]
        for word in re.findall(r"[a-z']+|[.,?!]", sentence.lower()):
            if word in ".,?!":
                sounds.append(word)
                tones.append(0)
                continue
            for sound in (sound for part in self.dictionary[word.upper()] for sound in part):
                plain = sound.rstrip("012").lower()
                plain = "V" if plain == "v" else plain
                sounds.append(plain if plain in self.known else "UNK")
                tones.append(int(sound[-1]) + 1 if sound[-1].isdigit() else 0)
        return [*sounds, "_"], [*tones, 0]


def _without_its_front() -> Path:
    """Where the package lies, made importable without what it imports first: that would fetch a
    language model, and compile what only training needs."""
    found = importlib.util.find_spec("tiny_tts")
    assert found is not None and found.submodule_search_locations
    package = Path(found.submodule_search_locations[0])
    front = ModuleType("tiny_tts")
    front.__path__ = [str(package)]
    sys.modules["tiny_tts"] = front
    aligning = ModuleType("tiny_tts.alignment")
    sys.modules["tiny_tts.alignment"] = aligning
    front.__dict__["alignment"] = aligning
    return package
