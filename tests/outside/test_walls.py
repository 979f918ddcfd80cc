"""An external detector can harm only itself and cannot escape."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ml.checks import plugins_are_whole
from ml.engine import registry
from ml.engine.contract import Finding, Frame, Kind, MediaInfo, Status, Verdict, View
from ml.engine.detectors.compression import detector as compression
from ml.engine.detectors.provenance import detector as provenance
from ml.engine.fusion.rule import decide
from ml.engine.outside.guest import PlainMedia
from ml.engine.progress import Stopped
from ml.engine.registry import Missing
from ml.engine.session import Advanced, DetectorSession
from tests.outside.conftest import RAN, Toy


class Media(PlainMedia):
    """A small picture as the engine has it when the frames are through."""

    def __init__(self) -> None:
        info = MediaInfo("0" * 64, 1, Kind.IMAGE, "png", width=64, height=48)
        super().__init__(info, facts={}, sound_hz=None)


def run(advanced: Advanced | None = None) -> tuple[dict[str, Finding], Verdict]:
    """The detector from outside beside two that ship. The whole way is in `test_seen.py`."""
    media, checks = Media(), (compression.make(), provenance.make(), registry.made("toy"))
    with closing(DetectorSession(media, checks)) as session:
        session.observe(View(Frame(0, 0.0, np.full((48, 64, 3), 120, np.uint8))))
        findings = session.conclude(advanced)
    return {f.detector: f for f in findings}, decide(media.info, findings)


def of_toy(advanced: Advanced | None = None) -> Finding:
    """Its finding; the others ran, whatever it did."""
    findings, verdict = run(advanced)
    assert findings["compression"].status is findings["provenance"].status is Status.RAN
    status = str(findings["toy"].status)
    assert "toy" in verdict.coverage[status], "coverage says what became of it"
    return findings["toy"]


def processes() -> set[str]:
    """Of detectors from outside that still live."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"ml.engine.outside.guest" in command and f"{os.getpid()}".encode() in command:
            found.add(folder.name)
    return found


def test_a_whole_one_runs_in_a_process_of_its_own(toy: Toy) -> None:
    """Which has ended when the analysis has."""
    toy('import os\nreturn Finding("toy", "1", Status.RAN, "Played.", counts={"p": os.getpid()})')
    finding = of_toy()
    assert (finding.status, finding.reason) == (Status.RAN, "Played.")
    assert finding.counts["p"] != os.getpid()
    assert not processes()


BROKEN = {
    "raises": "raise KeyError('x')",
    "ends its process": "import os\nos._exit(0)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "answers nothing": "return None",
    "answers a number that is none": (
        "return Finding('toy', '1', Status.RAN, 'x', score=float('nan'))"
    ),
    "answers junk": "import os\nos.write(4, b'F' + bytes(4096))\nos._exit(0)",
    "answers without end": "import os\nos.write(4, b'F\\xff\\xff\\xff\\xff')\nwhile True: pass",
    "answers no object": "import os\nos.write(4, b'F\\x02\\0\\0\\0[]')\nos._exit(0)",
    "tells of progress without end": "while True: self.advance(0.5)",
    "speaks of a declaration": (
        "from ml.engine.contract import Declaration\n"
        "e = Evidence('x', 'x', Strength.WEAK, {}, None, Declaration('Press', True, True))\n"
        "return Finding('toy', '1', Status.RAN, 'x', evidence=(e,))"
    ),
    "clears what it may not clear": (
        "from ml.engine.contract import Outcome\n"
        "e = Evidence('x', 'x', Strength.WEAK, {}, Outcome.NO_MANIPULATION_FOUND)\n"
        "return Finding('toy', '1', Status.RAN, 'x', evidence=(e,), log10_lr=-1.0)"
    ),
    "is far too sure": "return Finding('toy', '1', Status.RAN, 'x', log10_lr=9.0)",
    "passes its words off as ours": (
        "return Finding('toy', '1', Status.RAN, '{\"said\":[[\"check.failed\",{}]]}')"
    ),
    "writes what cannot be stored": "return Finding('toy', '1', Status.RAN, 'a\\x00b')",
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_breaks_breaks_only_itself(toy: Toy, how: str) -> None:
    """Its finding is failed and carries no number, coverage says so, the others stand."""
    toy(BROKEN[how])
    finding = of_toy()
    assert finding.status is Status.FAILED and finding.score is None
    assert "code check_broke" in finding.reason
    assert not processes()


@pytest.mark.parametrize("where", ["conclude", "make"])
def test_one_that_hangs_is_ended_at_its_cap(toy: Toy, where: str) -> None:
    """Two seconds are allowed; the analysis does not wait for longer than a moment more."""
    hang = "while True: time.sleep(0.01)"
    toy(hang if where == "conclude" else RAN, hang if where == "make" else "pass",
        caps={"seconds": 2, "memory_mib": 256})  # fmt: skip
    started = time.monotonic()
    assert of_toy().status is Status.FAILED
    assert time.monotonic() - started < 15
    assert not processes()


@pytest.mark.parametrize("where", ["conclude", "make"])
def test_one_that_hoards_memory_is_stopped_at_its_cap(toy: Toy, where: str) -> None:
    """Half a GiB where 256 MiB are allowed; the same detector fits under a higher cap."""
    hoard = "kept = bytearray(512 * 1024 * 1024)"
    conclude = f"{hoard}\n{RAN}" if where == "conclude" else RAN
    make = hoard if where == "make" else "pass"
    toy(conclude, make)
    assert of_toy().status is Status.FAILED


def test_the_same_memory_fits_under_a_higher_cap(toy: Toy) -> None:
    """It is the cap that stops it."""
    toy(f"kept = bytearray(512 * 1024 * 1024)\n{RAN}", caps={"seconds": 120, "memory_mib": 1024})
    assert of_toy().status is Status.RAN


ESCAPES = {
    "the network": "import socket\nsocket.socket()",
    "a name server": "import socket\nsocket.getaddrinfo('localhost', 80)",
    "a file outside": "open('/etc/passwd').read()",
    "a list of files": "import os\nos.listdir('/etc')",
    "writing a file": "open('/tmp/touchstone-outside', 'w')",
    "another program": "import subprocess\nsubprocess.run(['/bin/true'])",
    "a fork": "import os\nos.fork()",
    "a signal": "import os\nos.kill(os.getppid(), 0)",
    "the settings of its parent": "open(f'/proc/{__import__(\"os\").getppid()}/environ').read()",
    "the repository": f"open({str(Path(__file__).resolve())!r}).read()",
}
TRIED = """
try:
    {escape}
except (OSError, LookupError) as error:
    said = "stopped"
else:
    said = "escaped"
"""


@pytest.mark.parametrize("where", ["conclude", "make"])
@pytest.mark.parametrize("what", ESCAPES)
def test_nothing_is_reached_from_inside(toy: Toy, what: str, where: str) -> None:
    """Neither while it concludes nor while it is loaded; it lives on and says that it was
    stopped."""
    tried = TRIED.format(escape=ESCAPES[what].replace("\n", "\n    "))
    answer = 'return Finding("toy", "1", Status.RAN, said)'
    if where == "conclude":
        toy(f"{tried}\n{answer}")
    else:
        toy(f"said = Toy.said\n{answer}", f"{tried}\nToy.said = said")
    finding = of_toy()
    assert (finding.status, finding.reason) == (Status.RAN, "stopped")


def test_its_own_folder_is_there_while_it_loads_and_gone_afterwards(toy: Toy) -> None:
    """Weights are read in make(); later not even they can be opened."""
    own = "open(__file__).read()"
    toy(f"try:\n    {own}\nexcept OSError:\n    {RAN}", own)
    assert of_toy().status is Status.RAN


def test_weights_that_are_not_the_named_ones_are_not_loaded(toy: Toy) -> None:
    """The manifest names a digest; another file is no weights."""
    toy(weights=[{"file": "detector.py", "sha256": "0" * 64}])
    assert of_toy().status is Status.FAILED


def test_stopping_is_obeyed_while_one_hangs(toy: Toy) -> None:
    """A person who cancels does not wait for its cap, and its process ends."""
    toy("while True: time.sleep(0.01)", caps={"seconds": 60, "memory_mib": 256})

    def stop(check: str, part: float) -> None:
        if check == "toy":
            raise Stopped

    started = time.monotonic()
    with pytest.raises(Stopped):
        run(stop)
    assert time.monotonic() - started < 30
    assert not processes()


def test_a_package_that_is_no_detector_is_said_to_be_missing(toy: Toy) -> None:
    """A wrong manifest or another name in it: its finding is failed, with a code."""
    toy(kinds=["smell"])
    missing = registry.made("toy")
    assert isinstance(missing, Missing) and "code check_not_loaded" in missing.reason
    (warning,) = plugins_are_whole()
    assert "toy (toy_detector) cannot be used: kinds" in warning.msg
    assert of_toy().status is Status.FAILED
