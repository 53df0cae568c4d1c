"""What tests of commands share: a small picture file, input that is refused, and forecasts that take no time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.main import main
from tests.shortened import brief_forecasts
from tests.small import picture


@pytest.fixture(autouse=True)
def _brief_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    brief_forecasts(monkeypatch)


@pytest.fixture
def tile(tmp_path: Path) -> str:
    path = tmp_path / "tile.png"
    Image.fromarray((picture(12, 10) * 255).round().astype(np.uint8)).save(path)
    return str(path)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The one line that a command leaves on stderr, with status 2 and nothing written."""
    monkeypatch.chdir(tmp_path)

    def line(*arguments: str) -> str:
        before = list(tmp_path.iterdir())
        assert main(list(arguments)) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert list(tmp_path.iterdir()) == before
        return error

    return line
