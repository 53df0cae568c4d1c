"""The arguments of commands about one run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sfumato import trust
from sfumato.cli import flags
from sfumato.errors import RunError
from sfumato.recipe.section import Section
from sfumato.runs import listing

if TYPE_CHECKING:
    from sfumato.runs import Run


MODULE = flags.field(
    "module",
    flags.NONE,
    "FILE:CLASS(...)",
    "custom network of the run: nets:Net(width=64) from nets.py",
)
ALLOW = flags.field(
    "allow", flags.NONE, "FILE:FUNCTION", "custom activation of the run that may be imported; may be repeated"
)


def read(command: str, doc: str, arguments: Sequence[str], *fields: tuple[str, Any, Any]) -> tuple[Path, Any]:
    """Return the run's folder and the other flags; raise SfumatoError for a wrong argument.

    Where `ALLOW` is among them, what it names may be imported from now on.
    """
    allowed, rest = flags.pop_repeated(arguments, "--allow") if ALLOW in fields else ([], arguments)
    parsed = flags.read(
        command,
        doc,
        rest,
        flags.positional("run", "", "RUN", "folder of a run, or a part of its name; the newest run if omitted"),
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        *fields,
    )
    trust.allow_typed(allowed)
    return listing.find(parsed.run, Path(parsed.runs)), parsed


def load(folder: Path, module: str) -> Run:
    """Return the run in a folder, with its custom network if `MODULE` names it.

    Raises SfumatoError if the run has no custom network, or if it cannot be built.
    """
    from sfumato import models
    from sfumato.models import custom
    from sfumato.runs import load_run

    run = load_run(folder)
    named = run.recipe.model.module
    if isinstance(module, flags.Default):
        models.check_imports(run.recipe.model)
        return run
    if named is None:
        raise RunError(f"--module is for runs of a custom network. Got {module!r} for {folder}; leave it out.")
    built = custom.materialized(
        custom.build(module, run.facts["picture"]["channels"], run.recipe.seed), run.recipe.seed
    )
    run = load_run(folder, built)
    if run.moments():
        # Weights that do not fit are reported before any work begins.
        run.model()
    return run


Options = TypeVar("Options", bound=Section)


def read_with_options(command: str, doc: str, arguments: Sequence[str], kind: type[Options]) -> tuple[Run, Options]:
    """Return the run, with its custom network or activations if --module or --allow names them, and its options.

    Raises SfumatoError for a wrong argument.
    """
    texts = flags.from_section(kind())
    fields = dataclasses.fields(texts)
    folder, parsed = read(
        command,
        doc,
        arguments,
        MODULE,
        ALLOW,
        *((each.name, each.type, dataclasses.field(default=each.default, metadata=each.metadata)) for each in fields),
    )
    given_texts = dataclasses.replace(texts, **{each.name: getattr(parsed, each.name) for each in fields})
    chosen = kind.of(flags.given(given_texts))
    # Loaded after the flags are checked, because this imports PyTorch.
    return load(folder, parsed.module), chosen
