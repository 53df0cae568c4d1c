"""The check for free disk space before the first step of a run."""

from __future__ import annotations

import shutil
from pathlib import Path

from sfumato.errors import RunError
from sfumato.runs.checkpoints import MAX_CHECKPOINTS
from sfumato.runs.elsewhere import other_output


def check_disk_space(runs: Path, *, picture: int, weights: int, checkpoint: int) -> None:
    """Raise RunError if the disk of ``runs`` has too little space for a run. Sizes are in bytes.

    A run needs space for its picture, the first and the last moment, and one checkpoint more than are kept, since a new
    one is written before the oldest is removed.
    """
    required = picture + 2 * weights + (MAX_CHECKPOINTS + 1) * checkpoint
    existing = next((each for each in (runs, *runs.absolute().parents) if each.is_dir()), Path("/"))
    try:
        free = shutil.disk_usage(existing).free
    except OSError:
        # The file system does not report its free space.
        return
    if free < required:
        raise RunError(
            f"the disk of {runs} must have room for at least {required / 1e6:,.0f} MB, the run's picture, weights, and "
            f"checkpoints. Got {free / 1e6:,.0f} MB; make room, or {other_output() or 'choose another folder'}."
        )
