"""The script that makes the gallery, and the page that it made."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sfumato as sf
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.text import from_string, to_string
from tests.small import picture

ROOT = Path(__file__).parents[1]


def gallery(*arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gallery.py", *arguments])
        runpy.run_path(str(ROOT / "scripts" / "gallery.py"), run_name="__main__")


@pytest.mark.slow
def test_a_gallery_is_made_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some = ["--seconds", "0.01", "--docs", str(tmp_path)]
    gallery(*some, "--only", "activation/relu")
    record = tmp_path / "pictures" / "gallery" / "rows.json"
    first = json.loads(record.read_text(encoding="utf-8"))
    gallery(*some, "--only", "activation/relu", "schedule")
    assert "5 of " in capsys.readouterr().out
    rows: dict[str, dict[str, Any]] = json.loads(record.read_text(encoding="utf-8"))
    assert list(rows) == ["activation/relu", *(f"schedule/{name}" for name in choices.Schedule.members)]
    # What has been trained is kept.
    assert rows["activation/relu"] == first["activation/relu"]
    page = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    for name, row in rows.items():
        painting = tmp_path / "pictures" / "gallery" / f"{name.replace('/', '-')}.webp"
        with Image.open(painting) as image:
            assert image.width == 160
        assert f"(pictures/gallery/{painting.name})" in page
        assert f"| {row['psnr']:.2f} dB | {row['steps']:,} (" in page
        assert f"| {row['engine']} | `{row['recipe']}` |" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "activation/relux"], "--only must be a family, or FAMILY/MEMBER. Got 'activation/relux'; did you"),
        (["--seconds", "5", "--only", "schedule"], "Got 5 and 'cat'; use another --docs"),
        (["--picture", "no-such-sample"], "no-such-sample"),
    ],
)
def test_wrong_arguments_give_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "pictures" / "gallery" / "rows.json"
    record.parent.mkdir(parents=True)
    row: dict[str, Any] = dict.fromkeys(("psnr", "engine", "steps", "epochs", "ended", "tried"), 1)
    row["recipe"] = to_string(Recipe())
    record.write_text(json.dumps({"activation/relu": row}), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        gallery(*arguments, "--docs", str(tmp_path))
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert json.loads(record.read_text(encoding="utf-8")) == {"activation/relu": row}


@pytest.mark.slow
def test_every_recipe_of_the_page_trains() -> None:
    strings = re.findall(r"`(sf\d:[\w-]+)`", (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8"))
    assert len(strings) == sum(len(family.members) for family in choices.FAMILIES)
    for string in strings:
        recipe = changed(from_string(string), {"budget": {"seconds": None, "steps": 1}, "threads": 1})
        *_, last = sf.train(picture(13, 12), recipe=recipe)
        assert last.step == 1, string
        assert np.isfinite(last.loss), string


def test_the_page_shows_every_component_with_its_recipe() -> None:
    rows = json.loads((ROOT / "docs" / "pictures" / "gallery" / "rows.json").read_text(encoding="utf-8"))
    expected = {f"{family.family}/{member}" for family in choices.FAMILIES for member in family.members}
    assert set(rows) == expected, "run scripts/gallery"
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    for name, row in rows.items():
        assert row["recipe"] in page
        family, _, member = name.partition("/")
        recipe = from_string(row["recipe"])
        used = [recipe.data.split, *(getattr(recipe.model, key) for key in type(recipe.model).model_fields)]
        used += [getattr(recipe.training, key) for key in type(recipe.training).model_fields]
        assert any(isinstance(each, choices.Choice) and (each.family, each.name) == (family, member) for each in used)
