"""docs/optimizers.md: a line for each optimizer, with the engines that run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sfumato.recipe import changed, preset
from sfumato.recipe.choices import SGD, Optimizer
from sfumato.recipe.engines import ENGINES

PAGE = Path(__file__).parents[1] / "docs" / "optimizers.md"
ROW = re.compile(r"^\| (`\w+`) \| (.+) \| (.+) \| (.+) \| `(.+)` \|$", re.MULTILINE)
LINES = {cells[0].strip("`"): cells for cells in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def test_every_optimizer_has_a_line() -> None:
    assert set(LINES) == set(Optimizer.members)


@pytest.mark.parametrize("name", Optimizer.members)
def test_the_line_is_correct(name: str) -> None:
    _, _, source, engines, call = LINES[name]
    assert re.search(r"\b(19|20)\d\d\b", source)
    start = Optimizer.parse(call)
    assert type(start) is Optimizer.members[name]
    assert start.lr > 0
    # The engines of one pixel at a time require SGD without momentum, with the rule of 2012.
    plain = "sgd(fan_in_scaling=true)" if isinstance(start, SGD) else call
    recipe = changed(preset("blog-2012"), {"training": {"optimizer": plain}})
    supporting = [
        engine
        for engine, spec in ENGINES.items()
        if not any(reason.startswith("training.optimizer") for reason in spec.unsupported(recipe))
    ]
    assert sorted(re.findall(r"`(\w+)`", engines)) == sorted(supporting)
