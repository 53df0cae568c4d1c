"""Signals as requests to stop training and write its results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato.interrupt import stop_on_signals

hangups = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no hang-ups")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", pytest.param("SIGHUP", marks=hangups)])
def test_the_first_signal_requests_a_stop_and_the_second_interrupts(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with stop_on_signals() as requested:
        assert not requested()
        signal.raise_signal(number)
        assert requested()
        if name == "SIGHUP":
            # Further hangups do not interrupt.
            signal.raise_signal(number)
        else:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
    assert signal.getsignal(number) is before


@hangups
def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals() as requested:
            signal.raise_signal(signal.SIGHUP)
            assert not requested()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
@hangups
def test_a_run_whose_terminal_is_closed_writes_its_results(tmp_path: Path) -> None:
    import pty

    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "sfumato", "paint", "cat", "--picture.max-side", "16", "--engine", "autograd"]
    command += ["--threads", "1", "--budget.seconds", "600", "--film.every", "never", "--runs", str(tmp_path)]
    process = subprocess.Popen(command, stdout=terminal, stderr=terminal, stdin=terminal, start_new_session=True)
    os.close(terminal)
    output = b""
    while b"epoch" not in output:
        output += os.read(master, 4096)
    # As when a terminal is closed: nothing reads the output, and the process gets a hangup.
    os.close(master)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0
    (run,) = tmp_path.iterdir()
    assert '"status": "stopped"' in (run / "run.json").read_text()
    assert (run / "painting.png").exists()
