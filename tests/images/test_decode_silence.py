"""Suppression of standard error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato.images.decode import silenced


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir())) if Path("/dev/fd").is_dir() else 0


def test_output_is_discarded_inside_and_not_after(capfd: pytest.CaptureFixture[str]) -> None:
    before = descriptors()
    os.write(2, b"before ")
    with silenced():
        os.write(2, b"meanwhile ")
    with pytest.raises(KeyError), silenced():
        os.write(2, b"meanwhile ")
        raise KeyError
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"
    assert descriptors() == before


@pytest.mark.slow
def test_a_process_without_standard_error() -> None:
    code = "import os; os.close(2); from sfumato.images.decode import silenced\nwith silenced(): print('well')"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout == b"well\n"
