"""What stops `make up`: real processes, started as a background shell starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WAITS = """
import sys, time
sys.path.insert(0, "platform")
from local.up import stop_on_signals
stop_on_signals()
try:
    print("waiting", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("stopped")
"""


def answer(number: signal.Signals, trapped: str, then: signal.Signals | None = None) -> str:
    """What the process says that a script's shell started with these signals ignored. With `then`,
    it must outlive the first signal by a second and gets the other one."""
    script = f'trap "" {trapped}; exec "$0" -c "$1"' if trapped else 'exec "$0" -c "$1"'
    with subprocess.Popen(
        ["sh", "-c", script, sys.executable, WAITS],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in (1, 2)],
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        if then:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(then)
        return process.stdout.read().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("trapped", ["", "INT QUIT"])
def test_ctrl_c_term_and_hangup_stop_it_alike(number: signal.Signals, trapped: str) -> None:
    """Also where the shell handed SIGINT down ignored, as `make up &` in a script does."""
    assert answer(number, trapped) == "stopped"


def test_nohup_is_respected() -> None:
    """SIGHUP that was handed down ignored was meant to be; the other two still stop it."""
    assert answer(signal.SIGHUP, "HUP", then=signal.SIGTERM) == "stopped"
    assert answer(signal.SIGHUP, "HUP INT", then=signal.SIGINT) == "stopped"


def test_the_next_run_waits_for_the_end_of_the_one_before(tmp_path: Path) -> None:
    """Else the database would stop under it. A run that stays is named after a while."""
    script = (
        "import sys, time; sys.path.insert(0, 'platform'); from local import up; "
        "up.ENDING_SECONDS = float(sys.argv[2]); kept = up.alone(); print('mine', flush=True); "
        "time.sleep(float(sys.argv[1]))"
    )

    def run(stays: float, waits: float) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, str(stays), str(waits)],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "TOUCHSTONE_HOME": str(tmp_path)},
        )  # fmt: skip

    with run(3, 0) as first:
        assert first.stdout and first.stdout.readline() == "mine\n"
        output, why = run(0, 0.1).communicate(timeout=30)
        assert "mine" not in output and "runs from" in why and "Traceback" not in why
        output, _ = run(0, 60).communicate(timeout=60)
        assert output.splitlines() == ["Waiting for the end of another run ...", "mine"]
