"""What stops `make up`: real processes, started as a shell in the background starts them."""

from __future__ import annotations

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
