"""``sfumato resume``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import flags, one_run
from sfumato.cli.training import watched
from sfumato.errors import RunError
from sfumato.render.film_options import FilmOptions

DOC = """Go on with a run that was stopped, killed or failed; or let a paused training go on.

It continues from its last checkpoint to the bits it would have had without the interruption.

Example:  sfumato resume runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Resume, and print where everything is."""
    folder, options = one_run.read("resume", DOC, arguments, one_run.MODULE, flags.group("film", FilmOptions()))
    film = FilmOptions.of(flags.given(options.film))
    from sfumato import runs
    from sfumato.api import resume

    if runs.requests.is_live(folder):
        if runs.load_run(folder).status != "paused":
            raise RunError(f"{folder} is being trained by another process. Wait for it, or stop it: sfumato stop.")
        runs.requests.send(folder, "resume")
        sys.stdout.write(f"asked {folder} to go on\n")
        return 0
    if (asked := runs.queued.read(folder)) is not None:
        return watched(resume, folder, of=asked.recipe, film=film)
    run = one_run.loaded(folder, options.module)
    return watched(resume, folder, of=run.recipe, film=film, module=run.module)
