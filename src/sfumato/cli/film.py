"""The ``sfumato film`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import run_arguments
from sfumato.render.film_options import RemadeFilm

DOC = """Make a run's film again from the files of its folder: at another size, in another format, or of its errors.

Examples:  sfumato film runs/20261123-154559-cat-4ea5ae38 --size 1920x1080 --fps 60
           sfumato film runs/20261123-154559-cat-4ea5ae38 --kind error
           sfumato film runs/20261123-154559-cat-4ea5ae38 --kind beside --max-side 400 --out beside.gif
"""


def command(arguments: Sequence[str]) -> int:
    """Make the film and print its path."""
    run, chosen = run_arguments.read_with_options("film", DOC, arguments, RemadeFilm)
    # Imported after the flags are checked, because these load PyTorch.
    from sfumato.cli.progress import StagesProgress
    from sfumato.render.learning import remake
    from sfumato.runs.files import output_flag

    with StagesProgress() as progress, output_flag("--out"):
        path = remake(run, chosen, progress.stage)
    sys.stdout.write(f"film      {path}\n")
    return 0
