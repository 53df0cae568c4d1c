"""Commands about one run: which one, and their other flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato import trust
from sfumato.cli import flags
from sfumato.errors import RunError
from sfumato.runs import listing

if TYPE_CHECKING:
    from sfumato.runs import Run

MODULE = flags.field(
    "module", flags.NONE, "FILE:CLASS(...)", "your own network, for a run of one: nets:Net(width=64) from nets.py"
)


def read(command: str, doc: str, arguments: Sequence[str], *fields: tuple[str, Any, Any]) -> tuple[Path, Any]:
    """The run's folder, and the other flags. Raises SfumatoError in one line for whatever is wrong."""
    parsed = flags.read(
        command,
        doc,
        arguments,
        flags.positional("run", "", "RUN", "a run's folder, or a part of one run's name; the newest when left out"),
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        *fields,
    )
    return listing.find(parsed.run, Path(parsed.runs)), parsed


def loaded(folder: Path, module: str) -> Run:
    """The run in a folder, with its network where `MODULE` names it.

    Raises SfumatoError where the run has no such network, or it cannot be built.
    """
    from sfumato.models import custom, custom_check
    from sfumato.runs import load_run

    run = load_run(folder)
    named = run.recipe.model.module
    if isinstance(module, flags.Default):
        if named is not None:
            custom.check_findable(named)
            trust.check(named)
        return run
    if named is None:
        raise RunError(f"--module is for runs of a network of your own. Got {module!r} for {folder}; leave it out.")
    built = custom_check.materialized(
        custom.build(module, run.facts["picture"]["channels"], run.recipe.seed), run.recipe.seed
    )
    run = load_run(folder, built)
    if run.moments():
        # What does not fit is told before anything is made of it.
        run.model()
    return run
