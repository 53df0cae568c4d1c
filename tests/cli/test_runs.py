"""``sfumato runs``: a table, plain lines, or JSON."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from sfumato.cli.main import main
from tests.runs import made


@pytest.fixture
def runs(tmp_path: Path) -> str:
    made.run(tmp_path, "20260101-000000-cat-0123abcd", model={"depth": 6, "activation": "sine(omega=3)"})
    later = {"started": "2026-02-01T00:00:00+0000", "status": "running", "result": None}
    made.run(tmp_path, "20260201-000000-photo-0123abcd", facts=later, picture={"source": "my [bold]photo.jpg"})
    made.run(tmp_path, "damaged", facts={"layout": 9})
    return str(tmp_path)


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["runs", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_plain_lines(runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    head, *lines = output(capsys, "--runs", runs, "--sort", "name").splitlines()
    assert head.split()[:4] == ["run", "state", "PSNR", "seconds"]
    cat, photo, damaged = lines
    assert cat.split() == [
        "20260101-000000-cat-0123abcd", "done", "21.50", "5.2", "cat", "model.depth=6", "model.activation=sine(omega=3)"
    ]  # fmt: skip
    assert photo.split()[1:4] == ["interrupted", "-", "-"]
    assert photo.endswith("my [bold]photo.jpg")
    assert damaged.split()[1] == "damaged"
    assert "layout 2. Got 9:" in damaged
    starts = {
        line.index(word) for line, word in ((head, "state"), (cat, "done"), (photo, "inter"), (damaged, "damaged "))
    }
    assert len(starts) == 2, "the folder damaged has its state in its name too"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 109, 110, 200])
def test_a_terminal(runs: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["runs", "--runs", runs]) == 0
    text = screen.getvalue()
    for part in ("20260201-000000-photo-0123abcd", "my [bold]photo.jpg", "model.activation=sine(omega=3)", "21.50"):
        assert part in text, part
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()) <= columns


def test_newest_first_and_filter(runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = [each["name"] for each in json.loads(output(capsys, "--runs", runs, "--json"))]
    assert names.index("20260201-000000-photo-0123abcd") < names.index("20260101-000000-cat-0123abcd")
    (only,) = json.loads(output(capsys, "--runs", runs, "--json", "--filter", "CAT depth=6"))
    assert only["differences"] == {"model.depth": "6", "model.activation": "sine(omega=3)"}
    assert only["psnr"] == 21.5
    assert "None of the 3 runs" in output(capsys, "--runs", runs, "--filter", "zz")
    assert output(capsys, "--runs", runs, "--filter", "zz", "--json") == "[]\n"


def test_without_runs_the_output_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert output(capsys) == "No runs in runs. Start one with: sfumato paint\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jsn"], "--jsn is not a flag of sfumato runs; did you mean --json?"),
        (["--json=1"], "--json takes no value. Got '--json=1'"),
        (["extra"], "runs takes only flags. Got 'extra'"),
        (["--sort"], "--sort needs a value"),
        (["--filter", "--json"], "--filter needs a value"),
        (["--sort", "psn"], "did you mean 'psnr'?"),
    ],
)
def test_wrong_flags_give_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
