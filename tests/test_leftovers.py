"""Processes that a test leaves running are found."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid

import pytest

from tests import leftovers
from tests.patience import eventually

GRANDCHILD = """
import os, subprocess, sys
# In a new session; the parent ends at once, and init adopts the child.
command = [sys.executable, "-c", "import time; time.sleep(600)"]
child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(child.pid)
"""


@pytest.mark.slow
def test_a_process_whose_parent_has_ended_is_found_and_ended() -> None:
    mark = uuid.uuid4().hex
    environment = {**os.environ, leftovers.VARIABLE: mark}
    done = subprocess.run(
        [sys.executable, "-c", GRANDCHILD], env=environment, capture_output=True, text=True, check=True
    )
    pid = int(done.stdout)
    assert list(leftovers.left(mark, patience=0.0)) == [pid]
    # It was killed.
    assert leftovers.left(mark) == {}


def test_a_process_that_is_about_to_end_is_waited_for() -> None:
    mark = uuid.uuid4().hex
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={leftovers.VARIABLE: mark})
    # For a moment after its start a process has no environment.
    assert list(eventually(lambda: leftovers.found(mark))) == [child.pid]

    def ends(_: float) -> None:
        child.communicate()

    assert leftovers.left(mark, sleep=ends) == {}
    assert child.returncode not in (None, -9)


def test_this_process_is_not_found() -> None:
    assert os.getpid() not in leftovers.found(os.environ[leftovers.VARIABLE])
