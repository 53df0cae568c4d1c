"""The base class of all sections of a recipe, and pydantic's errors as one line in plain words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from sfumato.errors import RecipeError
from sfumato.formatting import shortened

_REPLACED = {
    r"^Input should be ": "",
    r"^String should have ": "text with ",
    r"^a valid integer.*": "a whole number",
    r"^Unable to parse input string as an integer.*": "a whole number of fewer digits",
    r"^a valid number.*": "a number",
    r"^a valid boolean.*": "true or false",
    r"greater than or equal to": "at least",
    r"less than or equal to": "at most",
}


def rule(errors: Sequence[ErrorDetails]) -> str:
    """Return the rule that a value breaks: those of all branches of a union, joined by ``or``."""
    return " or ".join(dict.fromkeys(_one(error["msg"]) for error in errors))


def _one(text: str) -> str:
    for pattern, replacement in _REPLACED.items():
        text = re.sub(pattern, replacement, text)
    return text


class _OneLineErrors(type(BaseModel)):
    # On the metaclass, so that only explicit construction is caught: pydantic builds nested sections without it, and
    # needs their errors unchanged to name the whole path.
    if not TYPE_CHECKING:

        def __call__(cls, *args, **values):
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                raise RecipeError(one_line(error, cls)) from None


class Section(BaseModel, metaclass=_OneLineErrors):
    """A section of a recipe. Invalid values raise RecipeError: the field, the rule, the value, the nearest name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Build a section from plain values, such as those of a file. Raises RecipeError."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise RecipeError(one_line(error, cls)) from None


def one_line(error: ValidationError, section: type[BaseModel]) -> str:
    """Return the first of pydantic's errors as one line."""
    first = error.errors()[0]
    path = path_of(first)
    name, value = shortened(".".join(path)) or "the recipe", first["input"]
    match first["type"]:
        case "extra_forbidden":
            valid = _fields_at(section, path[:-1])
            close = difflib.get_close_matches(path[-1], valid, n=1)
            hint = f"did you mean {'.'.join([*path[:-1], close[0]])}?" if close else f"valid: {', '.join(valid)}."
            return f"{name} is not a field of the recipe; {hint}"
        case "value_error":
            # Sfumato's validators write the rule and the value themselves.
            return f"{name} {first.get('ctx', {}).get('error')}"
        case _:
            same = [each for each in error.errors() if path_of(each) == path and each["type"] != "tuple_type"]
            return f"{name} must be {rule(same or [first])}. Got {shortened(repr(value))}."


def path_of(error: ErrorDetails) -> list[str]:
    """Return the path of the field that an error is about."""
    return [str(part) for part in error["loc"] if not _is_union_branch(str(part))]


def _is_union_branch(part: str) -> bool:
    # pydantic appends the branch of a union that it tried to the path of the field.
    return part in ("int", "float", "str", "constrained-int", "constrained-float") or "[" in part


def _fields_at(section: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        field = section.model_fields.get(part)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        section = field.annotation
    return list(section.model_fields)
