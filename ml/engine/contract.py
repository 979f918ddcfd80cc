"""The types that all parts of the engine share: media in, findings out, and one verdict.

Nothing here imports Django, a model runtime or a decoder, so that a notebook, a training machine
and the worker can all use these types. Every score, logit and probability has the same polarity:
higher means *more likely manipulated*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ml.engine.manifest import Manifest

Pixels = NDArray[np.uint8]
"""Height x width x 3, RGB, orientation already applied."""

Samples = NDArray[np.float32]
"""Mono samples in [-1, 1]."""

Spans = tuple[tuple[float, float], ...]
"""Stretches of time in seconds, in order, none over another."""


class Kind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Status(StrEnum):
    RAN = "ran"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"


class Outcome(StrEnum):
    MANIPULATION_FOUND = "manipulation_found"
    DECLARED_GENERATED = "declared_generated"  # the file says so; no check found it
    NO_MANIPULATION_FOUND = "no_manipulation_found"
    INCONCLUSIVE = "inconclusive"
    REJECTED = "rejected"


class Strength(StrEnum):
    """How strong a piece of evidence is by itself."""

    CONTEXT = "context"  # worth knowing, says nothing about manipulation
    WEAK = "weak"
    MODERATE = "moderate"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What was decoded, and how much of what was promised."""

    sha256: str
    size: int
    kind: Kind
    format: str
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    fps: float | None = None
    frames_expected: int | None = None
    frames_decoded: int | None = None
    incomplete: bool = False
    has_audio: bool = False
    sample_rate: int | None = None
    channels: int | None = None
    pages: int | None = None
    """The number of pages of a document; the first is examined."""
    flags: tuple[str, ...] = ()
    """Stated facts such as `trailing_data`, `timestamps_invalid`, `resolution_change`."""
    quantiser: float | None = None
    """How strongly a video is compressed (H.264 only): the mean quantiser of its pictures."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture. Stills have index 0 and time 0."""

    index: int
    seconds: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Box:
    """In pixels of the frame; may reach over its edge."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one frame; `track` is the same for the same face over time."""

    track: int
    box: Box
    """The landmarks' bounding box: the crop that the face models are trained on."""
    landmarks: NDArray[np.float32]
    """478 x 3, in pixels (z in the same scale as x)."""
    blendshapes: Mapping[str, float] = field(default_factory=dict)
    pose: NDArray[np.float32] | None = None
    """4 x 4 facial transformation matrix."""


@dataclass(frozen=True, slots=True)
class View:
    """A frame with all that was computed on it once, for every detector to share."""

    frame: Frame
    faces: Sequence[Face] = ()


@dataclass(frozen=True, slots=True)
class Crop:
    """A face cut out with context round it, never enlarged. `tight` is the landmarks' box in it."""

    index: int
    seconds: float
    pixels: Pixels
    tight: Box
    landmarks: NDArray[np.float32]
    """In pixels of the crop."""
    quality: float
    """0..1: size, sharpness and how far the face looks into the camera."""
    scale: float = 1.0
    """Below 1 when the crop was made smaller than it is in the frame."""


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One face over time, with its best crops in the order of time. Complete at `conclude`."""

    id: int
    first: float
    last: float
    seen: int
    """In how many examined frames."""
    crops: Sequence[Crop] = ()


class Heard(StrEnum):
    """What can be heard in a segment, as far as it can be determined."""

    SPEECH = "speech"
    SOUND = "sound"  # something sounds; that it is speech is not certain
    SILENCE = "silence"
    NOTHING = "nothing"  # there is no sound, or it has ended


@dataclass(frozen=True, slots=True)
class Scene:
    """A segment of the file with the same faces in view and the same kind of sound."""

    start: float
    end: float
    shot: int | None
    """Counted from 1; None where there is no picture."""
    faces: tuple[int, ...] | None
    """Tracks of the faces in view; None where that is not known."""
    heard: Heard
    applies: tuple[str, ...]
    """The names from `manifest.LOOKS_AT` that can be examined here."""
    why_not: Mapping[str, str] = field(default_factory=dict)
    """A sentence for each that does not apply."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scenes:
    """What applies to which stretch of the file, decided once for every detector."""

    stretches: tuple[Scene, ...] = ()
    """From the file's start to its end, without gap or overlap."""
    speech: Spans = ()
    """Where somebody speaks, exactly: what checks of the voice look at."""
    speech_in_view: Spans = ()
    """Where somebody speaks while a face is in view: what lip sync looks at."""
    no_speech: str | None = None
    """Why no speech was found in the whole file, or None."""
    sound_seconds: float = 0.0
    shots: int = 0
    grain: float = 0.0
    """Changes that are closer together than this, in seconds, are merged in `stretches`."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the timeline that a finding speaks of, in seconds."""

    start: float
    end: float
    score: float | None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A file's own statement that it was generated. Anyone can make one: it is no measurement."""

    by: str | None
    """Who signed the statement; None when nobody did."""
    signed: bool
    """The signature is valid for this file."""
    trusted: bool
    """The signer's certificate chains to one in the site's `C2PA_TRUST_ANCHORS_FILE`."""


UNSIGNED = Declaration(by=None, signed=False, trusted=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a person can look at: a sentence, and what it rests on."""

    code: str
    text: str
    strength: Strength
    data: Mapping[str, Any] = field(default_factory=dict)
    supports: Outcome | None = None
    """The outcome that this would carry if it stood alone; None when it is only to be looked at.
    Never set for what a file says about itself."""
    declares: Declaration | None = None
    """Set when the file states here that it was generated."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one detector says of one analysis."""

    detector: str
    version: str
    status: Status
    reason: str
    score: float | None = None
    """Raw, uncalibrated; its meaning is in the detector's card."""
    probability_manipulated: float | None = None
    """Only from a calibrated detector; None is the honest default."""
    log10_lr: float | None = None
    """Calibrated log10 likelihood ratio, manipulated over genuine, already capped."""
    evidence: tuple[Evidence, ...] = ()
    segments: tuple[Segment, ...] = ()
    weights_sha256: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @classmethod
    def not_applicable(
        cls,
        detector: Detector,
        reason: str,
        *,
        weights_sha256: str | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> Finding:
        """What a detector says of a file in which there is nothing for it to judge."""
        return cls(
            detector.name,
            detector.version,
            Status.NOT_APPLICABLE,
            reason,
            weights_sha256=weights_sha256,
            counts=counts or {},
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reason: str
    probability_manipulated: float | None = None
    interval: tuple[float, float] | None = None
    scenarios: Mapping[str, float] = field(default_factory=dict)
    coverage: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Detector names by status."""
    declared: Declaration | None = None
    """The file's own statement, also where the checks found a manipulation."""


@dataclass(frozen=True, slots=True)
class Result:
    """All that one run of the engine has to say."""

    media: MediaInfo | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    engine_version: str
    seconds: float
    rejection: str | None = None
    """Stable code when the outcome is `rejected`, else None."""
    tracks: Sequence[Mapping[str, Any]] = ()
    """Face tracks for display: id, first and last second, boxes by time."""
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)
    """Small PNGs made from clean pixels, by name."""
    scenes: Scenes | None = None
    """None for an image, and if they could not be determined."""
    looks: Sequence[tuple[float, int]] = ()
    """Second and 64-bit fingerprint of the picture, or of a video's scenes (`media/similarity`)."""
    metadata: Mapping[str, Any] | None = None
    """What the file says of itself, bounded (`file_metadata`). It may hold names and places."""


@runtime_checkable
class Media(Protocol):
    """What a detector may ask of the file under examination. Decoded in the sandbox, never here."""

    @property
    def info(self) -> MediaInfo: ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """Container facts, metadata, quantisation tables, C2PA: plain JSON from the sandbox."""
        ...

    @property
    def tracks(self) -> Sequence[FaceTrack]:
        """Faces over time; empty until the last view has been observed."""
        ...

    @property
    def scenes(self) -> Scenes:
        """Faces in view and speech over time. Use it in `conclude`. Raises if it is not known."""
        ...

    def audio(self, rate: int = 16_000) -> Samples | None:
        """Ask in `conclude`: the sound is there once the pictures have been read."""
        ...


def no_progress(part: float) -> None:
    """Until somebody wants to hear how far a check is."""


class Examination:
    """One detector at work on one file. Views come once, in order; keep bounded memory."""

    advance: Callable[[float], None] = staticmethod(no_progress)
    """Set before `conclude`. One that concludes for long calls it with the part that is done, from
    0 to 1. What it raises must pass: somebody asked to stop."""

    def observe(self, view: View) -> None:
        """Only views that the manifest asks for come."""

    def conclude(self) -> Finding:
        raise NotImplementedError

    def close(self) -> None:
        """Called once, whatever happened: release what outlives the file."""


class Detector(Protocol):
    """One folder under `ml/engine/detectors/`. Made once a process; `examine` once a file."""

    name: str
    version: str
    manifest: Manifest
    """What it says of itself; `name` and `version` are the manifest's."""

    def not_applicable(self, media: Media) -> str | None:
        """Why this detector has nothing to say about this file, or None when it has."""
        ...

    def examine(self, media: Media) -> Examination: ...


Views = Iterator[View]
