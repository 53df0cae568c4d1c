"""Signals as a request to end and write everything."""

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
def test_the_first_asks_and_the_second_interrupts(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with stop_on_signals() as asked:
        assert not asked()
        signal.raise_signal(number)
        assert asked()
        if name == "SIGHUP":
            # Whoever hung up is not impatient.
            signal.raise_signal(number)
        else:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
    assert signal.getsignal(number) is before


@hangups
def test_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals() as asked:
            signal.raise_signal(signal.SIGHUP)
            assert not asked()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
@hangups
def test_a_run_whose_terminal_is_closed_writes_everything(tmp_path: Path) -> None:
    import pty

    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "sfumato", "paint", "cat", "--picture.max-side", "16", "--engine", "autograd"]
    command += ["--threads", "1", "--budget.seconds", "600", "--film.every", "never", "--runs", str(tmp_path)]
    process = subprocess.Popen(command, stdout=terminal, stderr=terminal, stdin=terminal, start_new_session=True)
    os.close(terminal)
    said = b""
    while b"epoch" not in said:
        said += os.read(master, 4096)
    # As a terminal that is closed: nobody reads any more, and the process is told.
    os.close(master)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0
    (run,) = tmp_path.iterdir()
    assert '"status": "stopped"' in (run / "run.json").read_text()
    assert (run / "painting.png").exists()
