"""``sfumato recipe``, and the flag ``--recipe`` of other commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato.cli.main import main
from sfumato.recipe import Recipe, changed, from_json, from_string, from_toml, preset, to_string
from tests.runs import made


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["recipe", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_formats(capsys: pytest.CaptureFixture[str]) -> None:
    expected = changed(preset("blog-2012"), {"model": {"depth": 6}, "seed": -7})
    flags = ["--model.depth", "6", "--seed", "-7"]
    assert from_json(printed(capsys, "blog-2012", *flags)) == expected
    assert from_json(printed(capsys, "--preset", "blog-2012", *flags)) == expected
    assert from_json(printed(capsys, "--recipe", "blog-2012", *flags)) == expected
    assert from_toml(printed(capsys, "blog-2012", "--format", "toml", *flags)) == expected
    text = printed(capsys, "blog-2012", "--format=string", *flags)
    assert from_string(text) == expected
    assert text.endswith("\n")


@pytest.mark.slow
def test_without_arguments_the_default_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert from_json(printed(capsys)) == Recipe()


@pytest.mark.slow
def test_the_output_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made.run(tmp_path, "a", model={"depth": 6}, budget={"epochs": 2})
    from_run = printed(capsys, str(folder))
    assert from_json(from_run).budget.epochs == 2
    (tmp_path / "again.json").write_text(from_run)
    assert printed(capsys, str(tmp_path / "again.json")) == from_run
    # A flag of the budget replaces the whole budget.
    after = from_json(printed(capsys, str(tmp_path / "again.json"), "--budget.seconds", "1"))
    assert after.budget.epochs is None


@pytest.mark.slow
def test_paint_takes_a_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text("[picture]\nmax_side = 8\n[model]\nwidth = 5\n[training]\nbatch = 8\n[budget]\nsteps = 2\n")
    assert (
        main(
            [
                "paint",
                "--recipe",
                str(recipe),
                "--model.depth",
                "1",
                "--film.every",
                "never",
                "--runs",
                str(tmp_path / "r"),
            ]
        )
        == 0
    )
    (folder,) = (tmp_path / "r").iterdir()
    found = json.loads((folder / "run.json").read_text())
    assert found["recipe"]["model"]["width"] == 5
    assert found["recipe"]["model"]["depth"] == 1
    assert found["result"]["step"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recipe", "fats"], "did you mean 'fast'?"),
        (["recipe", "fast", "--preset", "fast"], "recipe takes one recipe"),
        (["recipe", "fast", "--recipe", "fast"], "recipe takes one recipe"),
        (["recipe", "--format", "yaml"], "format must be one of json, toml, string. Got 'yaml'"),
        (["recipe", "--model.dept", "3"], "did you mean --model.depth?"),
        (["recipe", "a", "b"], "recipe takes one recipe. Got 'b' as well"),
        (["recipe", "--model.depth", "-3"], "model.depth must be at least 0"),
        (
            ["paint", "--preset", "fast", "--recipe", "blog-2012"],
            "each name a whole recipe. Got 'fast' and 'blog-2012'",
        ),
        (["paint", "--recipe", "nowhere.toml"], "'nowhere.toml', which does not exist"),
        (["paint", "--recipe", "photo.jpg"], "a picture: give it as the picture to paint"),
        (["paint", "--recipe"], "--recipe needs a value"),
        (["describe", "--recipe", "fast", "--preset=fast"], "each name a whole recipe"),
    ],
)
def test_wrong_input_is_refused(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.slow
def test_no_command_loads_torch_before_its_flags_are_read() -> None:
    code = (
        "import sys; from importlib import import_module; from sfumato.cli.main import COMMANDS\n"
        "for name in COMMANDS: import_module(f'sfumato.cli.{name}'); 'torch' in sys.modules and sys.exit(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["recipe", "describe"])
def test_no_torch_is_loaded(command: str) -> None:
    code = (
        "import sys; from sfumato.cli.main import main; main(sys.argv[1:]);"
        "sys.exit(bool({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    arguments = [command, "--recipe", to_string(preset("blog-2012"))]
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "leaky_relu" in done.stdout
