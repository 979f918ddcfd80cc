"""Genuine speech in addition to the manifest's: telephone prompts and a game's dialogues in other
languages, which Debian distributes, and the news anchors of the talking clips.

The manifest's people mostly read English. Classifiers trained only on them do not generalise to
other languages, lines and rooms. What is not installed is skipped and reported. The packages'
licences are CC BY, CC BY-SA, BSD and GPL.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import av
import numpy as np

from lab.lip_sync.data import Talk
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE
from ml.engine.media.voice_activity import find_speech

Spoken = Iterator[tuple[str, str, Samples]]
"""Speaker, split and sound."""
EACH = 20
"""Sounds of one voice: more of the same taught nothing more."""
SHORTEST = 2.0
"""Seconds; most prompts are single words and numbers."""
JOINED = 4
"""Clips of one anchor that make one sound of about four seconds."""
FORMATS = {".g722": "g722", ".gsm": "gsm", ".ogg": "ogg", ".wav": "wav"}


class SpeechMissing(RuntimeError):
    """This speech is not here."""


def recorded(
    voices: Sequence[tuple[str, str]], rng: np.random.Generator, talks: Sequence[Talk]
) -> Spoken:
    """Some sounds of each voice: a Debian package and what the names of its files look like."""
    for package, names in voices:
        files = [path for path in _installed(package) if _is_sound(path) and path.match(names)]
        sounds = (_decoded(files[number]) for number in rng.permutation(len(files)))
        for sound in islice(filter(_is_speech, sounds), EACH):
            yield f"{package} {names}", "train", sound


def anchors(rng: np.random.Generator, talks: Sequence[Talk]) -> Spoken:
    """News anchors, a few clips of one joined; in the split that each is in."""
    if not talks:
        raise SpeechMissing("`python -m lab.lip_sync clips` has not run")
    speaking: dict[tuple[str, str], list[Samples]] = {}
    for talk in talks:
        speaking.setdefault((talk.clip.speaker, talk.clip.split), []).append(talk.sound)
    for (speaker, split), sounds in speaking.items():
        for first in range(0, len(sounds) - JOINED + 1, JOINED):
            yield speaker, split, np.concatenate(sounds[first : first + JOINED])


ANCHORS = "anchors"
PROMPTS = {
    "prompts-es": [("asterisk-core-sounds-es-g722", "*")],
    "prompts-es-co": [("asterisk-prompt-es-co", "*")],
    "prompts-fr": [("asterisk-core-sounds-fr-g722", "*")],
    "prompts-fr-armelle": [("asterisk-prompt-fr-armelle", "*")],
    "prompts-it": [("asterisk-core-sounds-it-g722", "*")],
    "prompts-it-menardi": [("asterisk-prompt-it-menardi-wav", "*")],
    "prompts-ru": [("asterisk-core-sounds-ru-g722", "*")],
}
"""One voice each."""
DIALOGUES = {
    f"dialogues-{language}": [(f"fillets-ng-data-{language}", f"*-{fish}-*") for fish in "mv"]
    for language in ("cs", "nl")
}
"""A little and a big fish; other creatures do not speak as people do."""
SOURCES: dict[str, Callable[[np.random.Generator, Sequence[Talk]], Spoken]] = {
    ANCHORS: anchors,
    **{source: partial(recorded, voices) for source, voices in (PROMPTS | DIALOGUES).items()},
}


def _installed(package: str) -> list[Path]:
    command = shutil.which("dpkg-query")
    listed = command and subprocess.run(
        [command, "--listfiles", package], capture_output=True, text=True, check=False
    )
    if not listed or listed.returncode:
        raise SpeechMissing(f"{package} is not installed")
    return sorted(Path(line) for line in listed.stdout.splitlines())


def _is_sound(path: Path) -> bool:
    return path.suffix in FORMATS and not path.is_symlink()


def _is_speech(sound: Samples) -> bool:
    """Long enough, and no silence or ringing: there is a file for each of these as well."""
    return len(sound) >= SHORTEST * RATE and find_speech(sound).reason is None


def _decoded(path: Path) -> Samples:
    """16 kHz mono."""
    pieces: list[Samples] = []
    with av.open(str(path), format=FORMATS[path.suffix]) as file:
        as_wanted = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        for frame in [*file.decode(audio=0), None]:
            pieces += [piece.to_ndarray()[0] for piece in as_wanted.resample(frame)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
