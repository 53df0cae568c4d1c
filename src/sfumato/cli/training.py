"""A training under a person's eyes: progress, Ctrl-C, and what came out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sfumato.interrupt import stop_on_signals
from sfumato.log import log_to
from sfumato.recipe import Recipe

if TYPE_CHECKING:
    from sfumato.runs import Run


def watched(train: Callable[..., Run], *arguments: Any, of: Recipe, painting: bool = False, **options: Any) -> int:
    """Call ``train`` with ``observers`` and ``stop``; print the run; 0, or 1 when training was given up.

    ``of``: what is trained; ``painting``: show it in the terminal.
    """
    # Only now: the flags are right, and these bring PyTorch.
    from sfumato.cli.progress import PaintProgress

    progress = PaintProgress(of.budget, painting=painting, transfer=of.picture.transfer)
    with stop_on_signals() as stop, progress, log_to(progress.say):
        run = train(*arguments, observers=[progress], stop=stop, **options)
    given_up = run.status == "diverged"
    (sys.stderr if given_up else sys.stdout).write(run.summary() + "\n")
    return 1 if given_up else 0
