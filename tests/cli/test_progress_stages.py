from __future__ import annotations

import pytest

from sfumato.cli.progress import StagesProgress


def test_lines_show_progress_and_time_left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with StagesProgress() as bar:
        for done in range(1, 41):
            bar.stage("film", done, 40)
            now += 1
        bar.stage("sheet", 1, 2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "film   2%"
    assert lines.pop(1) == "about 37 s for the film"
    # One line per five seconds: after 5 s 6 of 40 items are done.
    assert lines[1] == "film  15%  0:00:28 left"
    assert lines[-2] == "film 100%  0:00:00 left"
    assert lines[-1] == "sheet  50%"
    assert len(lines) == 10
