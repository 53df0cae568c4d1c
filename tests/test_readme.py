"""The commands and the Python block of the README run in a shorter version."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sfumato.cli.main import main
from tests.shortened import drawn_curve, shortened

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAINT = [
    line.partition("#")[0].strip().removeprefix(".venv/bin/sfumato ")
    for line in README.splitlines()
    if line.startswith(".venv/bin/sfumato paint")
]
COMPLETE = next(command for command in PAINT if "mona-lisa" not in command and "--help" not in command)
SHORT = ["--picture.max-side", "24", "--budget.epochs", "1", "--threads", "1"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_make_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^make (\w+)", "\n".join(blocks("sh")), flags=re.MULTILINE)
    assert commands == ["paint", "test"]
    for command in commands:
        assert re.search(rf"^{command}:", makefile, flags=re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in PAINT if "mona-lisa" not in command])
def test_commands(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = shlex.split(command.replace("photo.jpg", "coffee"))
    if "--help" in arguments:
        with pytest.raises(SystemExit) as exited:
            main(arguments)
        assert exited.value.code == 0
        return
    # One film and one curve are enough.
    complete = command == COMPLETE
    if complete:
        drawn_curve(monkeypatch)
    film = [] if complete or "--film" in command else ["--film.every", "never"]
    assert main(shortened(arguments, [*SHORT, *film, "--runs", str(tmp_path)])) == 0
    (folder,) = tmp_path.iterdir()
    if not complete:
        assert (folder / "painting.png").exists()
        return
    # The table of results lists all files except those that only programs read.
    listed = set(re.findall(r"^\| `([^`]+)` \|", README, flags=re.MULTILINE))
    assert {path.name for path in folder.iterdir()} - listed == {
        "checkpoints",
        "frames",
        "lock",
        "moments",
        "picture.npy",
    }


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in PAINT if "mona-lisa" in command])
def test_commands_of_2012(command: str, tmp_path: Path) -> None:
    # Another picture replaces the sample, which requires a download.
    arguments = shlex.split(command.replace("mona-lisa", str(ROOT / "tests/data/tile-13x9.png")))
    assert main([*arguments, "--model.width", "20", "--runs", str(tmp_path)]) == 0
    assert list(tmp_path.glob("*/learning.mp4"))


def test_there_are_commands() -> None:
    assert len(PAINT) >= 6


@pytest.mark.slow
def test_the_python_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = blocks("python")
    assert len(code.strip().splitlines()) <= 10
    monkeypatch.chdir(tmp_path)
    code = code.replace('"seconds": 5', '"steps": 2').replace('"epochs": 1', '"steps": 2').replace('"cat"', "SMALL")
    exec(compile(code, "README.md", "exec"), {"SMALL": {"source": "cat", "max_side": 24}})
    assert "runs/" in capsys.readouterr().out


def test_links_are_valid() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", README):
        if not link.startswith("http"):
            assert (ROOT / link).exists(), link
