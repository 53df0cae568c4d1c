"""The call syntax in which a choice is written: ``cosine(warmup=0.05)``, in flags, files and Python."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeAlias

from sfumato.errors import RecipeError

Value: TypeAlias = bool | int | float | str

MAX_LENGTH = 200
"""Longer texts are rejected before they are parsed, so that no text can exhaust the parser's stack."""


@dataclass(frozen=True)
class Call:
    """A name with its arguments, not yet checked against what the name accepts."""

    name: str
    positional: tuple[Value, ...] = ()
    named: tuple[tuple[str, Value], ...] = ()


def parse(text: str) -> Call:
    """Parse ``name`` or ``name(1, field=2)``; values are numbers, true, false and words.

    Nothing is evaluated. Raises RecipeError when the text has any other form.
    """
    malformed = RecipeError(f"must be written like name or name(field=value). Got {text[:60]!r}.")
    if len(text) > MAX_LENGTH:
        raise malformed
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise malformed from None
    match tree:
        case ast.Name(id=name):
            return Call(name)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            try:
                positional = tuple(_value(arg) for arg in args)
                named = tuple((keyword.arg, _value(keyword.value)) for keyword in keywords if keyword.arg is not None)
            except ValueError:
                raise malformed from None
            if len(named) < len(keywords):
                raise malformed
            return Call(name, positional, named)
        case _:
            raise malformed


def show(value: Value) -> str:
    """Write one argument so that `parse` reads it back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _value(node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=(int() | float()) as value)) if not isinstance(
            value, bool
        ):
            return -value
        case ast.Name(id="true"):
            return True
        case ast.Name(id="false"):
            return False
        case ast.Name(id=word):
            return word
        case _:
            raise ValueError
