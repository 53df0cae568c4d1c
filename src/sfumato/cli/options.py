"""Commands that take a run and a section of options, each option a flag."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from sfumato.cli import flags, one_run
from sfumato.recipe.section import Section

if TYPE_CHECKING:
    from sfumato.runs import Run

Options = TypeVar("Options", bound=Section)


def of_run(command: str, doc: str, arguments: Sequence[str], kind: type[Options]) -> tuple[Run, Options]:
    """The run, with its network where --module names it, and the options that were typed.

    Raises SfumatoError in one line for whatever is wrong.
    """
    texts = flags.of(kind())
    fields = dataclasses.fields(texts)
    folder, parsed = one_run.read(
        command,
        doc,
        arguments,
        one_run.MODULE,
        *((each.name, each.type, dataclasses.field(default=each.default, metadata=each.metadata)) for each in fields),
    )
    typed = dataclasses.replace(texts, **{each.name: getattr(parsed, each.name) for each in fields})
    chosen = kind.of(flags.given(typed))
    # Only now: the flags are right, and this brings PyTorch.
    return one_run.loaded(folder, parsed.module), chosen
