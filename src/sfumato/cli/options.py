"""The arguments of commands that take a run and a section of options, with one flag per option."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from sfumato.cli import flags, one_run
from sfumato.recipe.section import Section

if TYPE_CHECKING:
    from sfumato.runs import Run

Options = TypeVar("Options", bound=Section)


def read(command: str, doc: str, arguments: Sequence[str], kind: type[Options]) -> tuple[Run, Options]:
    """Return the run, with its custom network if --module names it, and its options.

    Raises SfumatoError for a wrong argument.
    """
    texts = flags.from_section(kind())
    fields = dataclasses.fields(texts)
    folder, parsed = one_run.read(
        command,
        doc,
        arguments,
        one_run.MODULE,
        *((each.name, each.type, dataclasses.field(default=each.default, metadata=each.metadata)) for each in fields),
    )
    given_texts = dataclasses.replace(texts, **{each.name: getattr(parsed, each.name) for each in fields})
    chosen = kind.of(flags.given(given_texts))
    # Loaded after the flags are checked, because this imports PyTorch.
    return one_run.load(folder, parsed.module), chosen
