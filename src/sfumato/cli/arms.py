"""Arms of one's own as they are typed: ``--arm NAME=RECIPE`` and ``--axis FIELD=A,B``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato import trust
from sfumato.errors import SfumatoError
from sfumato.lab.questions import custom
from sfumato.recipe import Recipe, changed
from sfumato.recipe.changes import flat, merged, nested
from sfumato.recipe.source import read


def of_axes(axes: Sequence[str], recipe: Recipe, typed: Mapping[str, Any]) -> dict[str, Recipe]:
    """An arm for every combination of the axes' values. Raises SfumatoError."""
    split: list[tuple[str, list[str]]] = []
    for axis in axes:
        field, _, texts = axis.partition("=")
        split.append((field, custom.split_list(texts)))
        for value in split[-1][1]:
            trust.allow_named_in(nested(field, value))
    check_heeded(typed, [[field for field, _ in split]], "every arm")
    return custom.grid(recipe, split)


def of_arms(arms: Sequence[str], recipe: Recipe, typed: Mapping[str, Any]) -> dict[str, Recipe]:
    """An arm of each text; ``typed``: the recipe's fields that flags set. Raises SfumatoError."""
    found: dict[str, Recipe] = {}
    fields: list[Collection[str]] = []
    for text in arms:
        name, separator, source = text.partition("=")
        if not (name.strip() and separator and source):
            raise SfumatoError(f"--arm must be NAME=RECIPE. Got {text!r}.")
        if name in found:
            raise SfumatoError(f"every arm must have a name of its own. Got --arm {name} twice.")
        try:
            if _is_fields(source):
                changes = _changes(source)
                if "seed" in changes and "seed" in typed:
                    raise SfumatoError(
                        f"sets seed={changes['seed']}. Got --seed {typed['seed']} as well, which is for all arms; "
                        "leave one of them out."
                    )
                trust.allow_named_in(changes)
                found[name] = changed(recipe, changes)
                fields.append(flat(changes))
            else:
                # What an arm's own recipe says about the picture does not matter: all learn the same one.
                found[name] = changed(read(source), typed).model_copy(update={"picture": recipe.picture})
                fields.append(())
        except SfumatoError as error:
            raise SfumatoError(f"arm {name}: {error}") from None
    check_heeded(typed, fields, "every arm")
    return found


def check_heeded(typed: Mapping[str, Any], fields: Sequence[Collection[str]], who: str) -> None:
    """Raise SfumatoError for a flag that changes nothing: all of ``fields``, one an arm, set it themselves."""
    for field in flat(typed):
        if fields and all(_part(field) in map(_part, one) for one in fields):
            flag = "--" + field.replace("_", "-")
            raise SfumatoError(f"{flag} would change nothing: {who} sets {_part(field)} itself. Leave it out.")


def _part(field: str) -> str:
    # A budget is replaced whole.
    return "budget" if field.startswith("budget.") else field


def _is_fields(source: str) -> bool:
    return "=" in source and not source.startswith(("sf1:", "sf2:")) and not Path(source).exists()


def _changes(source: str) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for part in source.split(";"):
        field, separator, value = part.strip().partition("=")
        if not separator:
            raise SfumatoError(f"must be field=value;field=value;... Got {part!r}.")
        changes = merged(changes, nested(field.strip(), value.strip()))
    return changes
