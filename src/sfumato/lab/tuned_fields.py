"""Numbers of recipes that an experiment tunes: what their names stand for in each arm, and their ranges."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.ranges import Range, is_range, range_of, written_in
from sfumato.lab.rates import middle_of, rates_of, with_rates
from sfumato.lab.setting import LR, Setting, TunedField
from sfumato.recipe import Recipe, changed, fields
from sfumato.recipe.choices import Choice
from sfumato.recipe.choices.choice import show_value
from sfumato.recipe.description import describe

SECTIONS = ("model", "training")
"""Sections of the recipe whose numbers can be tuned. All arms share the picture, the seed and the budget."""

OPTIMIZER = "training.optimizer"

FACTOR = 8.0
"""A default range reaches from the default divided by this to the default times this."""

RATE_FACTOR = 10**1.5
"""The same for learning rates, which span more decades, around the default rate of the optimizer."""

BEYOND = 2.0
"""It reaches at least this factor beyond the values that arms state."""

TIED = ("model.activation", "model.init")
"""Choices whose parameters of one name and value are one number: the omega of sine units and of their initialization.
"""


@dataclass(frozen=True)
class _Number:
    """A numeric field of a recipe."""

    path: str
    value: float
    default: float
    low: float
    high: float
    open_end: bool
    """Whether ``high`` itself is not allowed."""
    whole: bool


def with_setting(recipe: Recipe, tuned: Sequence[TunedField], setting: Setting) -> Recipe:
    """Return the recipe with the values of a setting."""
    recipe = with_rates(recipe, setting.rates)
    values = dict(setting.values)
    return _with_numbers(
        recipe, {path: values[each.name] for each in tuned if each.name in values for path in each.paths}
    )


def at_upper_ends(recipe: Recipe, tuned: Sequence[TunedField]) -> Recipe:
    """Return the recipe with the largest values that tuning may choose: a larger batch takes more memory."""
    return _with_numbers(recipe, {path: each.range.high for each in tuned for path in each.paths})


def resolved(asked: Sequence[str], recipes: Mapping[str, Recipe]) -> dict[str, tuple[TunedField, ...]]:
    """Return the tuned numbers of every arm. ``asked``: names, or ``name=low..high:log``; ``recipes``: arms by name.

    Raises RecipeError for a name that no arm has, or that is ambiguous, and for a range that an arm cannot have.
    """
    given = [_split(text) for text in asked]
    names = [name for name, _ in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(f"tune must name every field once. Got {twice[0]} twice.")
    numbers = {arm: {each.path: each for each in _numbers(recipe)} for arm, recipe in recipes.items()}
    found: dict[str, list[TunedField]] = {arm: [] for arm in recipes}
    for name, written in given:
        paths = {arm: _paths(name, arm, of_arm) for arm, of_arm in numbers.items()} if name != LR else {}
        if name != LR and not any(paths.values()):
            raise _unknown(name, numbers, recipes)
        for arm, recipe in recipes.items():
            if name == LR:
                if rates_of(recipe.training.optimizer):
                    found[arm].append(TunedField((), _rate_range(recipe, written)))
            elif paths[arm]:
                of_path = [each[paths[arm][0]] for other, each in numbers.items() if paths[other] == paths[arm]]
                one = TunedField(paths[arm], _range(name, written, numbers[arm][paths[arm][0]], of_path))
                _check(arm, recipe, one)
                found[arm].append(one)
    for arm, of_arm in found.items():
        every = [path for each in of_arm for path in each.paths]
        if twice := sorted({path for path in every if every.count(path) > 1}):
            raise RecipeError(f"tune must name every field once. Got {twice[0]} of arm {arm} by two names.")
    return {arm: tuple(of_arm) for arm, of_arm in found.items()}


def stated(recipe: Recipe, path: str) -> float | None:
    """Return the number of a recipe's field that can be tuned; None where it has no such number."""
    return next((each.value for each in _numbers(recipe) if each.path == path), None)


def _split(text: str) -> tuple[str, str]:
    """Return the (name, range or empty text) of ``name`` or ``name=low..high``."""
    name, equals, written = (part.strip() for part in text.partition("="))
    if not name or (equals and not is_range(written)):
        raise RecipeError(f"tune must have fields such as lr, omega or omega=5..120:log. Got {text!r}.")
    return (LR if name == f"{OPTIMIZER}.{LR}" else name), written


def _numbers(recipe: Recipe) -> Iterator[_Number]:
    """Yield the numeric fields of a recipe that can be tuned, without learning rates."""
    for section in fields.sections():
        # A custom network has its own sizes and parameters.
        if section["name"] not in SECTIONS or (section["name"] == "model" and recipe.model.module is not None):
            continue
        of_section = getattr(recipe, section["name"])
        for facts in section["fields"]:
            path = str(facts["path"])
            value = getattr(of_section, path.rpartition(".")[2])
            if not isinstance(value, Choice):
                # A list of widths sets the depth.
                if path != "model.depth" or not isinstance(recipe.model.width, tuple):
                    yield from _number(path, value, facts)
                continue
            for each in fields.parameters(type(value)):
                if path != OPTIMIZER or each["name"] not in rates_of(recipe.training.optimizer):
                    yield from _number(f"{path}.{each['name']}", getattr(value, each["name"]), each)


def _number(path: str, value: Any, facts: Mapping[str, Any]) -> Iterator[_Number]:
    # batch=all and a list of widths are no numbers.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    # A parameter that is a word or has no value by default is tuned around the given number.
    words = [fields.NONE, *(each["name"] for each in facts.get("choices", ()))]
    default = value if facts["default"] in words else float(facts["default"])
    low, high = facts.get("low", facts.get("above", -float("inf"))), facts.get("high", facts.get("below", float("inf")))
    yield _Number(path, value, default, low, high, "below" in facts, facts["kind"] == "integer")


def _paths(name: str, arm: str, numbers: Mapping[str, _Number]) -> tuple[str, ...]:
    """Return the fields of an arm that a name stands for. Raises RecipeError where it may stand for several."""
    if name in numbers:
        return (name,)
    found = [path for path in numbers if path.rpartition(".")[2] == name]
    is_tied = {path.rpartition(".")[0] for path in found} == set(TIED)
    if len(found) < 2 or (is_tied and len({numbers[path].value for path in found}) == 1):
        return tuple(found)
    raise RecipeError(
        f"tune must name one field of each arm. Got {name}, which is {' and '.join(found)} in arm {arm}; write the one "
        "that is meant in full."
    )


def _unknown(name: str, numbers: Mapping[str, Mapping[str, _Number]], recipes: Mapping[str, Recipe]) -> RecipeError:
    paths = [path for arm, of_arm in numbers.items() for path in of_arm if not _sets_size(recipes[arm], of_arm[path])]
    short = dict.fromkeys(path.rpartition(".")[2] for path in paths)
    close = difflib.get_close_matches(name, [LR, *short, *paths], n=1)
    hint = f"did you mean {close[0]}?" if close else f"the arms have {', '.join([LR, *short])}."
    rule = "tune must name numbers of a model or a training that an arm has; lr stands for all rates of an optimizer"
    return RecipeError(f"{rule}. Got {name}; {hint}")


def _rate_range(recipe: Recipe, written: str) -> Range:
    if written:
        found = _written(LR, written)
        if found.low < 0:
            raise RecipeError(f"tune=lr must have a range of at least 0. Got {written}.")
        return found
    middle = middle_of(recipe.training.optimizer)
    return Range(LR, _rounded(middle / RATE_FACTOR), _rounded(middle * RATE_FACTOR), whole=False, log=True)


def _range(name: str, written: str, number: _Number, of_arms: Sequence[_Number]) -> Range:
    """Return the range of a number: as written, or around its default, the same for all arms with that default."""
    if written:
        found = _written(name, written)
        if number.whole and not found.whole:
            raise RecipeError(f"tune={name} must have a range of whole numbers. Got {written}.")
        return found
    stated = [each.value for each in of_arms if each.default == number.default]
    low = min(number.default / FACTOR, min(stated) / BEYOND)
    high = max(number.default * FACTOR, max(stated) * BEYOND)
    if low <= 0 or (number.open_end and high >= number.high) or (high > number.high and number.default == number.high):
        raise RecipeError(f"tune={name} must be given with a range: it has no default one. Got {name} alone; "
                          f"write {name}=low..high.")  # fmt: skip
    low, high = max(low, number.low), min(high, number.high)
    if number.whole:
        return Range(name, max(1, round(low)), round(high), whole=True, log=True)
    return Range(name, _rounded(low), _rounded(high), whole=False, log=True)


def _written(name: str, written: str) -> Range:
    (match,) = written_in(written)
    return range_of(match, f"tune={name}", name)


def _check(arm: str, recipe: Recipe, tuned: TunedField) -> None:
    """Raise RecipeError where the arm cannot have the ends of the range, or its network would change its size."""
    for end in (tuned.range.low, tuned.range.high):
        try:
            other = _with_numbers(recipe, dict.fromkeys(tuned.paths, int(end) if tuned.range.whole else end))
        except RecipeError as error:
            raise RecipeError(f"tune={tuned.name}: arm {arm}: {error}") from None
        if recipe.model.module is None and _size(other) != _size(recipe):
            raise RecipeError(
                f"tune must not change the size of a network. Got {tuned.name} of arm {arm}; make its values "
                "arms (--axis), or search for them with sfumato sweep."
            )


def _sets_size(recipe: Recipe, number: _Number) -> bool:
    """Return whether another value of a number changes the size of the network, so that it cannot be tuned."""
    if not number.whole:
        return False
    for other in (number.value + 1, 2 * number.value, number.value - 1):
        try:
            return _size(_with_numbers(recipe, {number.path: int(other)})) != _size(recipe)
        except RecipeError:
            continue
    return False


def _size(recipe: Recipe) -> tuple[int, int]:
    found = describe(recipe)
    return found.parameters, found.multiply_adds


def _with_numbers(recipe: Recipe, numbers: Mapping[str, float]) -> Recipe:
    """Return the recipe with numbers by dotted fields, also those inside of choices. Raises RecipeError."""
    changes: dict[str, dict[str, Any]] = {}
    arguments: dict[tuple[str, str], dict[str, Any]] = {}
    for path, number in numbers.items():
        section, field, *parameter = path.split(".")
        if parameter:
            arguments.setdefault((section, field), {})[parameter[0]] = number
        else:
            changes.setdefault(section, {})[field] = number
    for (section, field), given in arguments.items():
        choice = getattr(getattr(recipe, section), field)
        stated = {each.name: getattr(choice, each.name) for each in dataclasses.fields(choice)}
        written = ", ".join(f"{name}={show_value(value)}" for name, value in {**stated, **given}.items())
        changes.setdefault(section, {})[field] = f"{choice.name}({written})"
    return changed(recipe, changes) if changes else recipe


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
