"""Progress of `sf.compare`: a bar in a terminal, a line in a notebook, elsewhere nothing unless requested."""

from __future__ import annotations

import sys

import pytest

from sfumato.lab import progress_display
from sfumato.notebook import live


def watched(progress: bool | None) -> None:
    with progress_display.progress_display(progress) as watch:
        for done in range(5):
            watch(done, 4)


@pytest.mark.parametrize(("progress", "lines"), [(None, 0), (False, 0), (True, 2)])
def test_without_a_terminal_lines_are_printed_on_request(
    progress: bool | None, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    watched(progress)
    captured = capsys.readouterr()
    assert captured.out == ""
    found = captured.err.splitlines()
    assert len(found) == lines
    assert not found or found[-1] == "trials 100%  0:00 left"


def test_a_terminal_has_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    watched(None)
    assert "trials" in capsys.readouterr().err


def test_a_notebook_has_one_output_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed: list[str] = []
    made: list[object] = []

    class Display:
        def __init__(self) -> None:
            made.append(self)

        def show(self, html: str, plain: str) -> None:
            assert plain in html
            displayed.append(plain)

    monkeypatch.setattr(live, "shell", object)
    monkeypatch.setattr(live, "Display", Display)
    watched(None)
    assert len(made) == 1
    assert displayed[-1].startswith("trials 100%")
    watched(False)
    assert len(made) == 1
