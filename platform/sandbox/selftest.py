"""Tries every escape from inside a child and reports which were denied."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.decoding import read_facts
from sandbox.probes import PROBES
from sandbox.types import Limits, Probe, Rejected, SandboxFailed, WallReport

if TYPE_CHECKING:
    from sandbox.services import Warden


def examine(warden: Warden) -> WallReport:
    """Run every probe. The wall stands when there is one and nothing came through it."""
    warden.start()
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "another_upload"
        other.write_bytes(b"somebody else's file")
        other.chmod(0o644)
        Path(folder).chmod(0o755)
        probes = tuple(_try(warden, name, other) for name in PROBES)
        intact = other.read_bytes() == b"somebody else's file"
    if not intact:
        probes = (*probes, Probe("other_file_intact", denied=False, how="it was changed"))
    wall = " + ".join(warden.layers) or "none"
    stands = bool(warden.layers) and all(probe.denied for probe in probes)
    return WallReport(wall=wall, stands=stands, probes=probes, notes=warden.notes)


def _try(warden: Warden, name: str, other: Path) -> Probe:
    with tempfile.TemporaryFile() as canary:
        canary.write(b"canary")
        canary.flush()
        limits = Limits()
        request = {"do": "probe", "name": name, "other": str(other)}
        try:
            # The descriptor is writable on purpose: the wall must hold without the parent's care.
            line = warden.send(canary, request, limits, as_it_is=True)
            data = read_facts(line, dataclasses.replace(limits, max_facts_bytes=4096))
            probe = Probe(name, data.get("denied") is True, str(data.get("how", ""))[:120])
        except (Rejected, SandboxFailed) as error:
            died = isinstance(error, SandboxFailed) and error.code in ("crashed", "killed")
            return Probe(name, denied=died, how=str(error)[:120])
        canary.seek(0)
        if canary.read() != b"canary":
            return Probe(name, denied=False, how="the file was changed")
        return probe
