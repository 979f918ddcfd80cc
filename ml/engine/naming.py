"""The names that people read. Names from the code stay in the code and in JSON."""

from __future__ import annotations

from collections.abc import Sequence

from ml.engine.manifest import manifest_of
from ml.engine.sentence import Sentence, say


def detector_name(detector: str) -> str:
    return manifest_of(detector).title


def face(number: int, of: int, seen_at: float | None, rank: str) -> Sentence:
    """`Face 3 at 0:12.4, the strongest of 9 faces,`; the numbers are those on the pictures. `rank`
    is `strongest` or `unsteadiest`."""
    code = ("one" if seen_at is None else "at") if of < 2 else rank
    if of > 1 and seen_at is not None:
        code += "_at"
    time = {} if seen_at is None else {"time": clock(seen_at)}
    return say(f"face.{code}", number=number, **({"of": of} if of > 1 else {}), **time)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(seconds, 0.0), 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


LABELS = {
    "actions": "actions in the manifest",
    "blocks": "blocks of 8 × 8 pixels",
    "camera": "camera",
    "changed": "saved again",
    "clear_at": "nothing is found below this raw score",
    "columns": "strength by column of the grid",
    "confidence": "confidence of the decoder",
    "crops": "crops examined",
    "decides_at": "the check decides above this raw score",
    "direction": "direction of the rhythm",
    "encoders": "encoders",
    "end": "to second",
    "evidence": "statements and traces",
    "exact": "the tables are exactly those",
    "expected_with": "expected with an earlier save",
    "expected_without": "expected without one",
    "face": "number of the face",
    "faces": "faces seen",
    "faces_compared": "faces compared",
    "faces_followed": "faces tracked",
    "faces_judged": "faces judged",
    "family": "kind of tables",
    "field": "field of the file",
    "found_at": "something is found above this raw score",
    "frequency": "frequency of the rhythm",
    "generator": "program",
    "handler_names": "names of the handlers",
    "left": "pixels from the left",
    "log10_lr_high": "likelihood ratio, upper end of 95 % (as a power of ten)",
    "log10_lr_low": "likelihood ratio, lower end of 95 % (as a power of ten)",
    "log10_lr_of_face": "likelihood ratio of this face (as a power of ten)",
    "make": "maker of the camera",
    "mean_score": "mean raw score",
    "model": "model of the camera",
    "moments": "moments compared",
    "names": "names",
    "observed": "observed in the file",
    "offset_ms": "shift in milliseconds",
    "place": "place in the file",
    "problems": "what does not hold",
    "quality": "JPEG quality",
    "rows": "strength by row of the grid",
    "runtime": "program that ran the network",
    "score": "raw score",
    "seconds": "seconds compared",
    "seen_at": "seen most clearly at second",
    "segment_found_at": "a segment counts from this probability on",
    "settings": "settings of the encoder",
    "signer": "signer",
    "source_types": "stated source",
    "stands_out": "how much the fit stands out",
    "start": "from second",
    "state": "state of the signature",
    "steps": "steps",
    "strength": "strength of the grid",
    "stretches": "segments of sound examined",
    "stretches_marked": "segments with the watermark",
    "taken": "taken",
    "tenths_of_seconds": "tenths of a second tracked",
    "tenths_of_speaking_seconds": "tenths of a second of speech compared",
    "texts": "texts read",
    "threshold": "reported above this raw score",
    "top": "pixels from the top",
    "track": "number of the face",
    "unsettled_by": "result changes when",
    "value": "text",
    "weights_of_sound_sha256": "weights for the sound, SHA-256",
    "windows": "windows of speech",
    "windows_flagged": "windows that stand out",
    "windows_judged": "windows judged",
}
"""Labels of numbers next to evidence. Numbers without a label are in the JSON alone."""


def listed(names: Sequence[str]) -> str:
    """`A, B and C`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
