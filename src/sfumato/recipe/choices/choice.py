"""The base class of choices, members of a family, and the call syntax in which they are written."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Self, TypeAlias

from pydantic import (
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sfumato.errors import RecipeError
from sfumato.recipe.section import path_of, rule

Value: TypeAlias = bool | int | float | str | None

NONE = "none"
"""Text of an optional parameter without a value."""

MAX_LENGTH = 300
"""Longer texts are rejected before they are parsed, so that no text can exhaust the parser's stack."""


@dataclasses.dataclass(frozen=True)
class Call:
    """A name with its arguments, not yet checked against what the name accepts."""

    name: str
    positional: tuple[Value, ...] = ()
    named: tuple[tuple[str, Value], ...] = ()


_PARSING = threading.Lock()
"""Python 3.11 counts the depth of a tree that is being made for all threads together, and may then refuse one
(https://github.com/python/cpython/issues/106905)."""


def parse_call(text: str) -> Call:
    """Parse ``name`` or ``name(1, field=2)``; values are numbers, true, false and words.

    Nothing is evaluated. Raises RecipeError when the text has any other form.
    """
    malformed = RecipeError(f"must be written like name or name(field=value). Got {text[:60]!r}.")
    if len(text) > MAX_LENGTH:
        raise malformed
    try:
        with _PARSING:
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


def split_calls(text: str) -> list[str]:
    """Split ``64,128`` or ``adam(lr=0.1, eps=1e-8),sgd`` at the commas outside parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def show_value(value: Value) -> str:
    """Write one argument so that `parse_call` reads it back."""
    if value is None:
        return NONE
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


CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, config=CONFIG)
class Choice:
    """Member of a family of alternatives, with its parameters.

    A family (`Activation`, `Optimizer`, ...) subclasses this with ``family=``, and its members subclass the family
    with ``name=``. A field of the recipe has the family's type: it accepts a member or its call as text, and is
    serialized as text.

    A choice is data. Its implementation is elsewhere, at ``implemented_by``, a ``module:attribute``: the family's
    ``implementations`` formatted with the member's name, unless the member gives another with ``implementation=``.
    `implementation` imports it on its first call.

    A member states about itself everything that the rest of the project needs to know. A family lists these facts with
    ``facts=``, and with ``compiled_facts=`` those of members that are ``compiled``; a member that lacks one raises
    TypeError at its definition.
    """

    family: ClassVar[str] = ""
    name: ClassVar[str] = ""
    members: ClassVar[dict[str, type[Any]]] = {}
    implementations: ClassVar[str] = ""
    implemented_by: ClassVar[str] = ""
    facts: ClassVar[tuple[str, ...]] = ()
    compiled_facts: ClassVar[tuple[str, ...]] = ()
    added_fields: ClassVar[Mapping[str, Value]] = {}
    """Fields that a member did not always have, each with the value that means the same as its absence. A field with
    this value is not written, so that texts and ids of older recipes stay the same."""
    number_means_member: ClassVar[bool] = False
    """Whether the family takes numbers too, each short for the member that `of_number` returns."""

    def __init_subclass__(
        cls,
        *,
        family: str = "",
        implementations: str = "",
        facts: tuple[str, ...] = (),
        compiled_facts: tuple[str, ...] = (),
        name: str = "",
        implementation: str = "",
    ) -> None:
        super().__init_subclass__()
        if family:
            cls.family, cls.members, cls.implementations = family, {}, implementations
            cls.facts, cls.compiled_facts = facts, compiled_facts
        if name:
            _require_facts(cls, name)
            cls.name = name
            cls.members[name] = cls
            cls.implemented_by = implementation or cls.implementations.format(name=name)

    @classmethod
    def implementation(cls) -> Any:
        """Import and return the implementation of this choice, an object that its family's package defines."""
        return load(cls.implemented_by)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the member of this family that ``text`` calls, such as ``leaky_relu(0.01)``.

        Raises RecipeError that names the nearest valid name or field.
        """
        written = parse_call(text)
        member = cls.members.get(written.name)
        if member is None:
            raise RecipeError(
                f"must be one of {', '.join(cls.members)}. Got {written.name!r}{_nearest(written.name, cls.members)}"
            )
        fields = [field.name for field in dataclasses.fields(member)]
        if len(written.positional) > len(fields):
            raise RecipeError(f"must call {member.usage()}. Got {text!r}.")
        values = dict(zip(fields, written.positional, strict=False))
        for field, value in written.named:
            if field not in fields:
                raise RecipeError(f"must call {member.usage()}. Got the field {field!r}{_nearest(field, fields)}")
            if field in values:
                raise RecipeError(f"must give each field once. Got {field!r} twice in {text!r}.")
            values[field] = value
        for field in dataclasses.fields(member):
            if _default(field) is None and values.get(field.name) == NONE:
                values[field.name] = None
        try:
            return member(**values)
        except ValidationError as error:
            first = error.errors()[0]
            if first["type"] == "value_error":
                # The member's own validator writes the rule and the value itself.
                raise RecipeError(str(first.get("ctx", {}).get("error"))) from None
            path = path_of(first)
            same = [each for each in error.errors() if path_of(each) == path]
            raise RecipeError(
                f"must call {member.usage()} with {'.'.join(path)} that is {rule(same)}. Got {first['input']!r}."
            ) from None

    @classmethod
    def of_number(cls, number: float) -> Self:
        """Return the member for which a number alone is short. Raises RecipeError for a number out of range."""
        raise NotImplementedError

    @classmethod
    def usage(cls) -> str:
        """Return the call with its default values, such as ``cosine(warmup=0.05, end=0.0)``."""
        return _written(cls.name, {field.name: _default(field) for field in dataclasses.fields(cls)})

    def __str__(self) -> str:
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        absent = {name for name, value in self.added_fields.items() if values[name] == value}
        return _written(self.name, {name: value for name, value in values.items() if name not in absent})

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, str):
            return cls.parse(value)
        if cls.number_means_member and isinstance(value, int | float) and not isinstance(value, bool):
            return cls.of_number(float(value))
        if isinstance(value, Choice):
            if not isinstance(value, cls):
                raise RecipeError(f"must be one of {', '.join(cls.members)}. Got {str(value)!r}.")
            return value
        if cls.name == "":
            raise RecipeError(f"must be one of {', '.join(cls.members)}. Got {value!r}.")
        return handler(value)

    @model_serializer
    def _write(self) -> str | float:
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema of a string, with the calls of the family's members as examples."""
        return {
            "type": "string",
            "title": cls.family,
            "examples": [member.usage() for member in cls.members.values()],
        }


def _require_facts(member: type[Choice], name: str) -> None:
    """Raise TypeError unless a class between the member and its family defines every fact."""
    classes = member.__mro__
    family = next(index for index, each in enumerate(classes) if Choice in each.__bases__)
    facts = member.facts + (member.compiled_facts if getattr(member, "compiled", False) else ())
    missing = [fact for fact in facts if not any(fact in vars(each) for each in classes[:family])]
    if missing:
        where = classes[family].__name__
        raise TypeError(f"{member.family} {name} must define {', '.join(missing)}: class {where} says what each is.")


def load(path: str) -> Any:
    """Import and return the object at ``module:attribute``."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


def _default(field: dataclasses.Field[Any]) -> Any:
    # pydantic stores its FieldInfo as the default of a dataclass field.
    return getattr(field.default, "default", field.default)


def _written(name: str, values: dict[str, Any]) -> str:
    inside = ", ".join(f"{field}={show_value(value)}" for field, value in values.items())
    return f"{name}({inside})" if inside else name


def _nearest(name: str, valid: Any) -> str:
    close = difflib.get_close_matches(name, list(valid), n=1)
    return f"; did you mean {close[0]!r}?" if close else "."
