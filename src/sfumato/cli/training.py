"""Training on the command line: progress, Ctrl-C, and the summary."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sfumato.interrupt import stop_on_signals
from sfumato.log import log_to
from sfumato.recipe import Recipe
from sfumato.runs import details

if TYPE_CHECKING:
    from sfumato.runs import Run


def train_with_progress(
    train: Callable[..., Run],
    *arguments: Any,
    progress_recipe: Recipe,
    draw_painting: bool = False,
    as_json: bool = False,
    **options: Any,
) -> int:
    """Call ``train`` with ``observers`` and ``stop`` and print the run; return 0, or 1 if training diverged.

    progress_recipe: the recipe whose progress is shown; draw_painting: draw the painting in the terminal;
    as_json: print the run as one JSON document, as ``sfumato show --json`` does.
    """
    # Imported after the flags are checked, because this loads PyTorch.
    from sfumato.cli.progress import PaintProgress

    progress = PaintProgress(progress_recipe.budget, painting=draw_painting, transfer=progress_recipe.picture.transfer)
    with stop_on_signals() as stop, progress, log_to(progress.say):
        run = train(*arguments, observers=[progress], stop=stop, **options)
    diverged = run.status == "diverged"
    if as_json:
        sys.stdout.write(json.dumps(details.data(run.folder), indent=2) + "\n")
    else:
        (sys.stderr if diverged else sys.stdout).write(run.summary() + "\n")
    return 1 if diverged else 0
