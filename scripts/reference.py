"""Print docs/reference.md, which lists every field of a recipe and every choice, from the code."""

from __future__ import annotations

import dataclasses
import sys

from sfumato.cli.main import COMMANDS
from sfumato.recipe import PRESETS, Recipe
from sfumato.recipe.choices import FAMILIES
from sfumato.recipe.section import Section


def reference() -> str:
    """Return the whole page."""
    parts = [
        "# Reference",
        "",
        "Made from the code by `scripts/reference`. A field is a flag of `sfumato paint`, a key in a recipe's JSON or",
        'TOML file, and in Python `sf.paint("cat", model={"depth": 6})`.',
        "",
        "## Commands",
        "",
        "`sfumato COMMAND --help` has the flags and examples of each.",
        "",
        *(f"- `{name}`: {text}" for name, text in COMMANDS.items()),
        "",
        "## Presets",
        "",
        *(f"- `{name}`: {each.description}" for name, each in PRESETS.items() if not each.published),
        "",
        "Experiments of publications, compared with them in [fidelity.md](fidelity.md):",
        "",
        *(f"- `{name}`: {each.description}" for name, each in PRESETS.items() if each.published),
        "",
        "## Fields",
        "",
        "| field | default | |",
        "|---|---|---|",
        *_fields(Recipe(), ""),
    ]
    for family in FAMILIES:
        parts += ["", f"## {family.family.capitalize()}", "", f"{family.__doc__}", ""]
        for member in family.members.values():
            parts.append(f"- `{member.usage()}`: {' '.join((member.__doc__ or '').split())}")
            parts += [f"  - `{field.name}`: {field.default.description}" for field in dataclasses.fields(member)]
    return "\n".join(parts) + "\n"


def _fields(section: Section, prefix: str) -> list[str]:
    rows: list[str] = []
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            rows += _fields(value, f"{prefix}{name}.")
        else:
            text = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            text = ",".join(map(str, value)) if isinstance(value, tuple) else text
            rows.append(f"| `{prefix}{name}` | `{text}` | {info.description} |")
    return rows


if __name__ == "__main__":
    sys.stdout.write(reference())
