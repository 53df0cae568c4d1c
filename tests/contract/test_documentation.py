"""The documentation of components: what each is, from where it is, its formula, and its line in the reference."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from sfumato.recipe.fields import sections
from tests.contract.members import MEMBERS, Member

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"

NAME = r"[A-Z][\w-]+"
PAPER = re.compile(rf"{NAME}(?: et al\.|,? and {NAME})?,? \(?(?:19|20)\d\d\b|as in 2012|of 2012")
"""Authors and a year, or the program of 2012."""
FORMULA = re.compile(r"[\w)\]|]+ (?:=|<=|-=|\+|-|\*|/) \S|\w\^|\w/\w+\(|\w\([^)]*\w\)|\|\w\|")
"""A relation, an operation, a power, a function's call, or an absolute value."""

WITHOUT_PAPER = {
    *(f"activation/{name}" for name in ("tanh", "sigmoid")),
    "averaging/none",
    "normalization/none",
    "connectivity/plain",
    *(f"encoding/{name}" for name in ("none", "dense_grid")),
    # PyTorch's own code is the source.
    "initialization/pytorch",
    "loss/l1",
    *(f"sampler/{name}" for name in ("sequential", "fixed", "replacement")),
    *(f"schedule/{name}" for name in ("constant", "linear", "exponential")),
    *(f"split/{name}" for name in ("none", "random", "checkerboard", "rectangle", "area_average", "mask")),
}
"""Members that need no paper: their definitions are common knowledge."""

IN_WORDS = {"connectivity", "sampler", "split"}
"""Families whose members are described in words; those of all others are formulas."""
WITHOUT_FORMULA = {"averaging/none", "encoding/none", "normalization/none"}
"""Members that change nothing."""

members = pytest.mark.parametrize("member", MEMBERS, ids=str)


def documentation(member: Member) -> str:
    """Return the docstrings of a choice and of its implementation: its own module's, its function's or class's."""
    kind = member.kind
    path, _, name = kind.implemented_by.partition(":")
    module = import_module(path)
    texts = [inspect.getdoc(kind)]
    # A module of many members is not about one of them.
    if path.rpartition(".")[2] == kind.name:
        texts.append(inspect.getdoc(module))
    found = getattr(module, name)
    if inspect.isfunction(found) or inspect.isclass(found):
        texts.append(inspect.getdoc(found))
    return "\n".join(text for text in texts if text)


@members
def test_a_component_names_its_paper(member: Member) -> None:
    found = PAPER.search(documentation(member))
    if str(member) not in WITHOUT_PAPER:
        assert found, "name the paper, or add a row to WITHOUT_PAPER"


@members
def test_a_component_states_its_formula(member: Member) -> None:
    if member.kind.family not in IN_WORDS and str(member) not in WITHOUT_FORMULA:
        assert FORMULA.search(documentation(member)), "write the formula into a docstring"


def test_the_patterns_find_papers_and_formulas_alone() -> None:
    for text in ("(He et al. 2015)", "Xie et al. (2022)", "Ma 2020", "Kingma and Ba 2015", "Ba, Kiros and Hinton 2016"):
        assert PAPER.search(text), text
    for text in ("w -= lr * g", "|e|", "f(x) = 1", "e^2", "[cos(2 pi x)]"):
        assert FORMULA.search(text), text
    for text in ("Return Adan with all parameters in one group.", "The absolute error of half the 2000 pixels (mean)."):
        assert not PAPER.search(text), text
        assert not FORMULA.search(text), text


@members
def test_a_component_is_in_the_reference_with_its_defaults(member: Member) -> None:
    kind = member.kind
    first = (kind.__doc__ or "").strip().partition("\n")[0]
    assert first.endswith("."), "one line says what it is"
    assert f"- `{kind.usage()}`: {first}" in REFERENCE.read_text(encoding="utf-8"), "run scripts/reference"
    field = next(each for section in sections() for each in section["fields"] if each["path"] == member.field)
    entry = next(each for each in field["choices"] if each["name"] == kind.name)
    # The form and the reference show these; the default is in the usage.
    for parameter in entry["parameters"]:
        assert len(parameter["help"]) > 3, parameter["name"]
        assert f"{parameter['name']}=" in kind.usage()
        ranged = {"low", "high", "above", "below"} & parameter.keys()
        assert ranged or parameter["kind"] not in ("integer", "number"), f"{parameter['name']} has no range"
