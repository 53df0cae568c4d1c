"""``sfumato clean``: it lists the runs, asks, and deletes them only after a yes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from sfumato.cli.main import main
from tests.runs import made


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name, status in (("one", "failed"), ("two", "running"), ("three", "done"), ("live", "failed")):
        folder = made.run(tmp_path, name, facts={"status": status})
        (folder / "picture.npy").write_bytes(b"x" * 1_000_000)
    return tmp_path


def remaining(runs: Path) -> list[str]:
    return sorted(path.name for path in runs.iterdir())


class Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        ("y\n", 0, ["live", "three"]),
        ("YES\n", 0, ["live", "three"]),
        ("n\n", 1, ["live", "one", "three", "two"]),
        ("\n", 1, ["live", "one", "three", "two"]),
        ("", 1, ["live", "one", "three", "two"]),
        ("yy\n", 1, ["live", "one", "three", "two"]),
    ],
)
def test_it_asks_for_confirmation(
    answer: str,
    status: int,
    expected: list[str],
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed(answer))
    with FileLock(runs / "live/lock"):
        assert main(["clean", "--runs", str(runs)]) == status
    assert remaining(runs) == expected
    out = capsys.readouterr().out
    assert "one " in out
    assert "two " in out
    assert "live " not in out
    assert f"Delete 2 runs in {runs}, 2.0 MB? [y/N]" in out
    assert ("Nothing was deleted." in out) == (status == 1)


def test_without_a_terminal_nothing_is_deleted(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["clean", "--runs", str(runs)]) == 2
    captured = capsys.readouterr()
    assert "stdin is not a terminal; pass --yes." in captured.err
    assert captured.err.count("\n") == 1
    assert "one " in captured.out
    assert remaining(runs) == ["live", "one", "three", "two"]


def test_yes_and_the_flags(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", "--runs", str(runs), "--state", "done,failed", "--keep", "2", "--yes"]) == 0
    # All runs started in the same second, so that the newest are determined by name.
    assert remaining(runs) == ["one", "three", "two"]
    assert "Deleted 1 run in" in capsys.readouterr().out
    assert main(["clean", "--runs", str(runs), "--older-than", "100000", "--yes"]) == 0
    assert remaining(runs) == ["one", "three", "two"]
    assert "Nothing to delete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--state", "running"],
            "state must be some of failed,interrupted,diverged,stopped,done,queued. Got 'running'",
        ),
        (["--keep", "-1"], "keep must be a whole number of 0 or more. Got '-1'"),
        (["--keep", "1.5"], "keep must be a whole number"),
        (["--older-than", "x"], "older-than must be a number of 0 or more. Got 'x'"),
        (["--older-than", "nan"], "older-than must be a number of 0 or more. Got 'nan'"),
        (["--yes=no"], "--yes takes no value"),
        (["--older_then", "3"], "did you mean --older-than?"),
    ],
)
def test_wrong_input_is_refused(
    arguments: list[str], message: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clean", "--runs", str(runs), "--yes", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert remaining(runs) == ["live", "one", "three", "two"]
