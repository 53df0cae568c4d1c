"""The process that asks networks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

import sfumato as sf
from sfumato.runs import layout
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

SERVER = """
import json, os, signal, sys
from sfumato.studio.child import Child

looker = Child("sfumato.studio.inside.looker")
looker.process.stdin.write(sys.argv[1].encode() + b"\\n")
looker.process.stdin.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_without_a_word_when_the_server_is_killed_while_it_answers(trained: sf.Run) -> None:
    step = layout.step_of(trained.moments()[-1])
    order = {"what": "tile", "folder": str(trained.folder), "step": step, "zoom": 0, "row": 0, "column": 0}
    # Whoever holds the pipe of errors is waited for: the looker too.
    command = [sys.executable, "-c", SERVER, json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stderr == ""
