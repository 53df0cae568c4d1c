"""The ``sfumato resume`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import flags, run_arguments
from sfumato.cli.training import train_with_progress
from sfumato.errors import RunError
from sfumato.render.film_options import FilmOptions

DOC = """Continue a run that was stopped, killed, or failed, or a training that is paused.

Training continues from the last checkpoint; the results are bit for bit those without the interruption.

Example:  sfumato resume runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Continue the run, print the paths of the results, and return the exit status."""
    folder, options = run_arguments.read(
        "resume", DOC, arguments, run_arguments.MODULE, run_arguments.ALLOW, flags.group("film", FilmOptions())
    )
    film = FilmOptions.of(flags.given(options.film))
    from sfumato import runs
    from sfumato.api import resume

    if runs.requests.is_live(folder):
        if runs.load_run(folder).status != "paused":
            raise RunError(f"{folder} is being trained by another process; wait for it, or stop it with sfumato stop.")
        runs.requests.send(folder, "resume")
        sys.stdout.write(f"resume requested: {folder}\n")
        return 0
    if (queued := runs.queued.read(folder)) is not None:
        return train_with_progress(resume, folder, progress_recipe=queued.recipe, film=film)
    run = run_arguments.load(folder, options.module)
    return train_with_progress(resume, folder, progress_recipe=run.recipe, film=film, module=run.module)
