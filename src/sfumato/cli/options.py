"""Commands that take a run and a section of options, each option a flag."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from sfumato.cli import flags, one_run
from sfumato.recipe.section import Section

Options = TypeVar("Options", bound=Section)


def of_run(command: str, doc: str, arguments: Sequence[str], kind: type[Options]) -> tuple[Path, Options]:
    """The run's folder and the options that were typed. Raises SfumatoError in one line for whatever is wrong."""
    texts = flags.of(kind())
    fields = dataclasses.fields(texts)
    folder, parsed = one_run.read(
        command,
        doc,
        arguments,
        *((each.name, each.type, dataclasses.field(default=each.default, metadata=each.metadata)) for each in fields),
    )
    typed = dataclasses.replace(texts, **{each.name: getattr(parsed, each.name) for each in fields})
    return folder, kind.of(flags.given(typed))
