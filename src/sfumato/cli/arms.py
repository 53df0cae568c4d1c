"""Custom arms given as flags: ``--arm NAME=RECIPE`` and ``--axis FIELD=A,B``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato import trust
from sfumato.errors import SfumatoError
from sfumato.lab.questions import custom
from sfumato.recipe import Recipe, changed
from sfumato.recipe.changes import flat, merged, nested
from sfumato.recipe.choices.choice import split_calls
from sfumato.recipe.source import read


def from_axis_flags(axes: Sequence[str], recipe: Recipe, typed: Mapping[str, Any]) -> dict[str, Recipe]:
    """Return an arm for every combination of the axes' values; raise SfumatoError for a wrong axis."""
    split: list[tuple[str, list[str]]] = []
    for axis in axes:
        field, _, texts = axis.partition("=")
        split.append((field, split_calls(texts)))
        for value in split[-1][1]:
            trust.allow_named_in(nested(field, value))
    check_flags_have_effect(typed, [[field for field, _ in split]], "every arm")
    return custom.grid(recipe, split)


def from_arm_flags(arms: Sequence[str], recipe: Recipe, typed: Mapping[str, Any]) -> dict[str, Recipe]:
    """Return one arm per ``--arm`` text; raise SfumatoError for a wrong one.

    typed: the fields of the recipe that other flags set.
    """
    found: dict[str, Recipe] = {}
    fields: list[Collection[str]] = []
    for text in arms:
        name, separator, source = text.partition("=")
        if not (name.strip() and separator and source):
            raise SfumatoError(f"--arm must be NAME=RECIPE. Got {text!r}.")
        if name in found:
            raise SfumatoError(f"every arm must have a different name. Got --arm {name} twice.")
        try:
            if _is_fields(source):
                changes = _changes(source)
                if "seed" in changes and "seed" in typed:
                    raise SfumatoError(
                        f"sets seed={changes['seed']}. Got --seed {typed['seed']} as well, which applies to all arms; "
                        "leave one of them out."
                    )
                trust.allow_named_in(changes)
                found[name] = changed(recipe, changes)
                fields.append(flat(changes))
            else:
                # The picture of an arm's recipe is ignored: all arms are trained on the same picture.
                found[name] = changed(read(source), typed).model_copy(update={"picture": recipe.picture})
                fields.append(())
        except SfumatoError as error:
            raise SfumatoError(f"arm {name}: {error}") from None
    check_flags_have_effect(typed, fields, "every arm")
    return found


def check_flags_have_effect(typed: Mapping[str, Any], fields: Sequence[Collection[str]], setter: str) -> None:
    """Raise SfumatoError for a flag without effect, because every arm sets its field.

    fields: the fields that each arm sets. setter: what sets them, for the message.
    """
    for field in flat(typed):
        unit = _changed_together(field)
        if fields and all(unit in map(_changed_together, one) for one in fields):
            flag = "--" + field.replace("_", "-")
            raise SfumatoError(f"{flag} would have no effect: {setter} sets {unit}; leave the flag out.")


def _changed_together(field: str) -> str:
    # A budget is replaced as a whole: its fields are not changed one by one.
    return "budget" if field.startswith("budget.") else field


def _is_fields(source: str) -> bool:
    return "=" in source and not source.startswith(("sf1:", "sf2:")) and not Path(source).exists()


def _changes(source: str) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for assignment in source.split(";"):
        field, separator, value = assignment.strip().partition("=")
        if not separator:
            raise SfumatoError(f"must be field=value;field=value;... Got {assignment!r}.")
        changes = merged(changes, nested(field.strip(), value.strip()))
    return changes
