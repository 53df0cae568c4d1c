"""The script that makes the gallery, and the page that it made."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sfumato.recipe import choices
from sfumato.recipe.text import from_string

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
    assert "4 of " in capsys.readouterr().out
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
        assert f"{row['psnr']:.2f} dB" in page
        assert f"`{row['recipe']}`" in page


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
