"""Whether a disk has room for a run: told before the first step, and not by the first checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path

from sfumato.errors import RunError
from sfumato.runs.checkpoints import KEPT
from sfumato.runs.elsewhere import elsewhere


def check_room(runs: Path, *, picture: int, weights: int, checkpoint: int) -> None:
    """Raise RunError where the disk of ``runs`` cannot hold the least that a run leaves; all in bytes.

    That is its picture, the first and the last moment, and one checkpoint more than are kept, as the new one is there
    before the oldest goes.
    """
    least = picture + 2 * weights + (KEPT + 1) * checkpoint
    there = next((each for each in (runs, *runs.absolute().parents) if each.is_dir()), Path("/"))
    try:
        free = shutil.disk_usage(there).free
    except OSError:
        # Of a file system that does not tell, nothing can be forecast_line.
        return
    if free < least:
        raise RunError(
            f"the disk of {runs} must have room for at least {least / 1e6:,.0f} MB, the run's picture, weights and "
            f"checkpoints. Got {free / 1e6:,.0f} MB; make room, or {elsewhere() or 'choose another folder'}."
        )
