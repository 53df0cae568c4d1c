"""A subprocess that takes requests as lines of JSON."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sfumato.studio.subprocess import Subprocess
from tests.patience import PATIENCE

PARROT = """
import json, sys, time
from sfumato.studio.subprocess import claim_stdout, send_reply

pipe = claim_stdout()
print("what a library says")
for line in sys.stdin:
    order = json.loads(line)
    time.sleep(order["after"])
    if order["how"] == "well":
        send_reply(pipe, {"said": order["text"]}, b"x" * order["bytes"])
    elif order["how"] == "in part":
        pipe.write(b'{"bytes": 10}\\nxxx')
        break
    else:
        break
"""

PARENT = """
import json, os, signal
from sfumato.studio.subprocess import Subprocess

parrot = Subprocess("parrot")
order = {"after": 0.3, "how": "well", "text": "late", "bytes": 1_000_000}
parrot.process.stdin.write(json.dumps(order).encode() + b"\\n")
parrot.process.stdin.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "parrot.py").write_text(PARROT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), *filter(None, sys.path))))
    return tmp_path


@pytest.fixture
def parrot(path: Path) -> Iterator[Subprocess]:
    process = Subprocess("parrot", path / "log")
    yield process
    process.end()
    assert process.ended


def order(how: str, text: str = "", size: int = 0, after: float = 0) -> dict[str, object]:
    return {"how": how, "text": text, "bytes": size, "after": after}


@pytest.mark.slow
def test_it_replies_to_several_requests(parrot: Subprocess, path: Path) -> None:
    # More than a pipe's buffer holds.
    assert parrot.ask(order("well", "é\n", 1_000_000), PATIENCE) == (
        {"said": "é\n", "bytes": 1_000_000},
        b"x" * 1_000_000,
    )
    assert parrot.ask(order("well", "again"), PATIENCE) == ({"said": "again"}, b"")
    assert not parrot.ended
    parrot.close()
    parrot.process.wait(PATIENCE)
    assert parrot.process.returncode == 0
    assert (path / "log").read_text() == "what a library says\n"


@pytest.mark.slow
@pytest.mark.parametrize(("how", "problem"), [("in part", "within a reply"), ("not at all", "without a reply")])
def test_the_end_of_the_process_is_reported(parrot: Subprocess, how: str, problem: str) -> None:
    with pytest.raises(OSError, match=problem):
        parrot.ask(order(how), PATIENCE)
    parrot.process.wait(PATIENCE)
    with pytest.raises(OSError):  # noqa: PT011 - that the pipe is broken, in the system's words
        parrot.ask(order("well"), PATIENCE)


def test_a_closed_pipe_is_reported(parrot: Subprocess) -> None:
    assert parrot.process.stdout is not None
    parrot.process.stdout.close()
    with pytest.raises(OSError, match="without a reply"):
        parrot.ask(order("well"), PATIENCE)


@pytest.mark.slow
def test_a_timeout_is_reported(parrot: Subprocess) -> None:
    parrot.ask(order("well"), PATIENCE)
    start = time.monotonic()
    with pytest.raises(OSError, match="too long"):
        parrot.ask(order("well", after=2 * PATIENCE), 0.1)
    assert time.monotonic() - start < PATIENCE


@pytest.mark.slow
def test_a_pending_request_fails_when_the_process_is_killed(parrot: Subprocess) -> None:
    parrot.ask(order("well"), PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(parrot.ask, order("well", after=2 * PATIENCE), 3 * PATIENCE)
        time.sleep(0.2)
        parrot.end()
        with pytest.raises(OSError, match="without a reply"):
            pending.result(PATIENCE)


@pytest.mark.slow
def test_it_ends_without_an_error_when_its_parent_is_killed(path: Path) -> None:
    # run() waits until all processes close the pipe of errors, the parrot too.
    done = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stderr == "what a library says\n"
