"""Recipes by their source; everything else is rejected with one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sfumato.errors import RecipeError
from sfumato.recipe import DESCRIPTIONS, Recipe, changed, preset, to_json, to_string, to_toml, values
from sfumato.recipe.source import MAX_BYTES, read
from tests.runs import made

RECIPE = changed(Recipe(), {"model": {"depth": 6}, "budget": {"epochs": 2}, "seed": 5})


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_preset(name: str) -> None:
    assert read(name) == preset(name)


def test_a_string() -> None:
    assert read(to_string(RECIPE)) == RECIPE
    assert read(f"  {to_string(RECIPE)}\n") == RECIPE


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", to_json(RECIPE).encode()),
        ("A.JSON", to_json(RECIPE).encode()),
        ("a.toml", to_toml(RECIPE).encode()),
        ("mark.toml", to_toml(RECIPE).encode("utf-8-sig")),
        ("part.json", b'{"model": {"depth": 6}, "budget": {"epochs": 2}, "seed": 5}'),
        ("run.json", json.dumps({"layout": 2, "recipe": values(RECIPE)}).encode()),
    ],
)
def test_a_file(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert read(str(tmp_path / name)) == RECIPE


def test_a_run_folder(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", model={"depth": 6})
    assert read(str(folder)).model.depth == 6
    assert read(str(folder)).threads == made.RESOLVED["threads"]


def test_a_preset_takes_precedence_over_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made.run(tmp_path, "fast", seed=3)
    assert read("fast").seed == 0
    assert read("./fast").seed == 3


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.toml", b"depth 6", "a.toml': the recipe must be valid TOML"),
        ("a.json", b"{", "a.json': the recipe must be valid JSON"),
        ("a.json", b"[1]", "must be a table of fields. Got list"),
        ("a.json", b"[" * 100_000, "must be valid JSON"),
        ("a.json", b'{"model": {"dept": 3}}', "model.dept is not a field of the recipe; did you mean model.depth?"),
        ("a.toml", b"[model]\ndepth = -1", "model.depth must be at least 0. Got -1"),
        ("run.json", b'{"layout": 2, "recipe": 3}', "recipe must be a table of fields. Got int"),
        ("a.toml", b"\xff\xfe\x00", "not UTF-8"),
        ("a.json", b" " * (MAX_BYTES + 1), "more than 1024 KiB"),
        ("a.png", b"", "a picture: give it as the picture to paint"),
        ("a.txt", b"{}", "a file of another kind"),
    ],
)
def test_invalid_files(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert_rejected(str(tmp_path / name), message)


def assert_rejected(source: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        read(source)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_and_unreadable_sources(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("")
    assert_rejected(str(tmp_path / "recipes.toml"), f"did you mean {str(tmp_path / 'recipe.toml')!r}?")
    assert_rejected("blog-2102", "did you mean 'blog-2012'?")
    assert_rejected(str(tmp_path), "a folder without a run.json")
    assert_rejected("", "which does not exist" if os.name == "nt" else "")
    assert_rejected("a\x00b", "cannot be read")
    assert_rejected("zz\nzz", r"Got 'zz\nzz', which does not exist; the presets are fast,")
    assert_rejected("x" * 5000, "cannot be read")
    assert_rejected("sf2:nonsense", "does not unpack")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes need POSIX")
def test_pipes_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    assert_rejected(str(tmp_path / "a.json"), "not a file")
    (tmp_path / "run").mkdir()
    os.mkfifo(tmp_path / "run/run.json")
    assert_rejected(str(tmp_path / "run"), "without a run.json")


def test_toml_that_would_take_minutes_to_parse(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("a" + ".a" * 200_000 + " = 1")
    assert_rejected(str(tmp_path / "a.toml"), "TOML of at most 16,384 characters. Got 400,005")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"seed": ' + "9" * 4000 + "}", "seed must be less than 9223372036854775808. Got 999"),
        ('{"seed": "' + "9" * 5000 + '"}', "seed must be a whole number of fewer digits. Got '999"),
        ('{"' + "x" * 100_000 + '": 1}', "xxx is not a field of the recipe"),
        ('{"model": {"width": ' + "[" * 900 + "]" * 900 + "}}", "model.width must be a whole number. Got ("),
        ('{"training": {"batch": 99999999999999999999}}', "training.batch must be at most 2147483647"),
    ],
)
def test_long_values_are_shortened(tmp_path: Path, data: str, message: str) -> None:
    (tmp_path / "a.json").write_text(data)
    with pytest.raises(RecipeError) as caught:
        read(str(tmp_path / "a.json"))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 600
