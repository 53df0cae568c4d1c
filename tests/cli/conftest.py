"""Fixtures of the tests of commands: a small picture file, refused input, and fast forecasts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.main import main
from tests.shortened import fast_forecasts
from tests.small import picture


@pytest.fixture(autouse=True)
def _fast_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    fast_forecasts(monkeypatch)


@pytest.fixture
def tile(tmp_path: Path) -> str:
    path = tmp_path / "tile.png"
    Image.fromarray((picture(12, 10) * 255).round().astype(np.uint8)).save(path)
    return str(path)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that runs a command which must be refused, and returns its one line on stderr.

    The exit status must be 2, and nothing may be written.
    """
    monkeypatch.chdir(tmp_path)

    def run_refused(*arguments: str) -> str:
        before = list(tmp_path.iterdir())
        assert main(list(arguments)) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert list(tmp_path.iterdir()) == before
        return error

    return run_refused
