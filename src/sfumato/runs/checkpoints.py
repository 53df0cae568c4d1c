"""Checkpoints, from which a training continues bit for bit, and their disk space. The last two are kept.

Each is a safetensors file with the hash of its arrays. It holds no times, so that two trainings of one recipe write
equal checkpoints; the seconds trained so far are in a file beside it.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from sfumato.errors import RunError
from sfumato.runs import layout
from sfumato.runs.files import check_fits, other_output, remove, require_regular, write_bytes

MAX_CHECKPOINTS = 2


def save(folder: Path, step: int, arrays: Mapping[str, NDArray[Any]], seconds: float) -> None:
    """Write the checkpoint of a step, then remove all but the last two. Raises RunError."""
    contiguous = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    path = folder / layout.checkpoint(step)
    # The seconds are written first, so that every checkpoint has them.
    write_bytes(_seconds_file(path), json.dumps({"seconds": seconds}).encode(), make_parent=True)
    write_bytes(path, safetensors.numpy.save(contiguous, metadata={"sha256": _hash(contiguous)}), make_parent=True)
    for old in files(folder)[:-MAX_CHECKPOINTS]:
        # The checkpoint is removed first; a file of seconds alone is harmless.
        remove(old)
        remove(_seconds_file(old))


def files(folder: Path) -> list[Path]:
    """Return the files of the checkpoints, in the order of their steps."""
    return layout.of_steps(folder, layout.CHECKPOINTS)


def load(path: Path, min_bytes: int = 0) -> tuple[dict[str, NDArray[Any]], float]:
    """Return (arrays, seconds trained). Raises RunError when the file is damaged or was changed.

    ``min_bytes``: bytes of the weights of the network in run.json. A smaller file is refused before it is read, so that
    a wrong run.json cannot make the caller allocate that much memory.
    """
    try:
        with safetensors.safe_open(require_regular(path), framework="numpy") as file:
            stored_hash = (file.metadata() or {}).get("sha256")
            names: list[str] = list(file.keys())
            size = path.stat().st_size
            if size < min_bytes:
                raise ValueError(
                    f"it has {size:,} bytes, the weights of the recipe in {layout.RUN} alone {min_bytes:,}"
                )
            check_fits(path)
            arrays = {name: file.get_tensor(name) for name in names}
        seconds = float(json.loads(require_regular(_seconds_file(path)).read_text(encoding="utf-8"))["seconds"])
        if not 0 <= seconds < math.inf:
            raise ValueError(f"{_seconds_file(path).name} must hold a number of seconds. Got {seconds}")
    except (OSError, safetensors.SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    if stored_hash != _hash(arrays):
        raise _damaged(path, "its hash is not that of its arrays")
    return arrays, seconds


def _damaged(path: Path, reason: str) -> RunError:
    return RunError(
        f"{path} must be a whole checkpoint: {reason}. Restore it, or remove it to resume from the one before."
    )


def _seconds_file(path: Path) -> Path:
    return path.with_suffix(".seconds.json")


def _hash(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = arrays[name]
        digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


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
