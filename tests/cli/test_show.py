"""``sfumato show``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfumato.cli.main import main
from tests.runs import made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    facts = {"findings": ["Half of it is \x1b[31mred."], "finished": None}
    folder = made.run(tmp_path, "20260101-000000-cat-0123abcd", facts=facts, model={"depth": 6})
    (folder / "moments").mkdir()
    for number in (1, 2):
        (folder / f"moments/{number}.safetensors").write_bytes(b"x" * 600)
    (folder / "painting.png").write_bytes(b"x" * 77)
    return folder


def test_description_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"run       {folder}"
    for line in (
        "picture   cat, 7x9, 3 channels",
        "state     done (by seconds)",
        "  model.depth  6",
        "  PSNR      21.50 dB",
        "  steps     1,234",
        "  Half of it is ?[31mred.",
        "  engine    autograd, float32, cpu",
        "  1,200  moments/",
        "     77  painting.png",
    ):
        assert line in lines, line
    assert lines[-1].startswith("  sf2:")


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["files"]["moments/"] == 1200
    assert data["differences"] == {"model.depth": "6"}
    assert data["run"] == json.loads((folder / "run.json").read_text())


def test_part_of_a_name_and_the_newest_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newest = made.run(folder.parent, "20260301-000000-dog-0123abcd", facts={"started": "2026-03-01T00:00:00+0000"})
    for arguments, expected in ((["cat"], folder), ([], newest), (["0301"], newest)):
        assert main(["show", *arguments, "--runs", str(folder.parent)]) == 0
        assert capsys.readouterr().out.startswith(f"run       {expected}\n")


def test_a_run_of_the_default_recipe_with_missing_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = {"result": None, "provenance": 3, "findings": None, "picture": []}
    made.run(tmp_path, "a", facts=odd)
    assert main(["show", "--runs", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "  in nothing\n" in out
    assert "\nresult" not in out
    assert "made by" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0123abcd"], "Got 2 such runs"),
        (["zz"], "must be a run's folder, or a part of a run's name"),
        (["broken"], "cannot read run.json"),
        (["a", "b"], "show takes one run. Got 'b' as well"),
        (["a", "--run", "b"], "--run is not a flag of sfumato show; did you mean --runs?"),
    ],
)
def test_wrong_input_is_refused(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.run(folder.parent, "20260301-000000-dog-0123abcd")
    made.run(folder.parent, "broken")
    (folder.parent / "broken/run.json").write_text("")
    assert main(["show", *arguments, "--runs", str(folder.parent)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
