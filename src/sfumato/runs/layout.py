"""Names of the files in a run folder. docs/run-folder.md describes their content."""

from __future__ import annotations

from pathlib import Path

VERSION = 2
"""Version of the layout; a folder with another version is refused."""

RUN = "run.json"
PICTURE = "picture.npy"
METRICS = "metrics.jsonl"
MOMENTS = "moments"
CHECKPOINTS = "checkpoints"
FRAMES = "frames"
LOCK = "lock"
REQUEST = "request"
LIVE = "live.jpg"
"""The newest painting, while a viewer watches."""
WATCHED = "watched"
"""File that a viewer touches repeatedly while it watches."""
PAINTING = "painting.png"
CURVE = "curve.svg"
FILM = "learning"
"""Name of the film without its extension: .mp4, .gif, or .webp."""

MAX_MOMENTS = 64
"""Moments that a run keeps."""


def moment(step: int) -> str:
    """Return the path of the weights after ``step`` steps."""
    return f"{MOMENTS}/{step:012d}.safetensors"


def frame(step: int) -> str:
    """Return the path of the film's frame after ``step`` steps."""
    return f"{FRAMES}/{step:012d}.png"


def checkpoint(step: int) -> str:
    """Return the path of the checkpoint after ``step`` steps."""
    return f"{CHECKPOINTS}/{step:012d}.safetensors"


def step_of(path: Path) -> int:
    """Return the step in the name of a moment, frame, or checkpoint."""
    return int(path.name.partition(".")[0])


def of_steps(folder: Path, part: str) -> list[Path]:
    """Return the files in ``part`` (`MOMENTS`, `FRAMES`, or `CHECKPOINTS`) of a run's folder, ordered by step."""
    suffixes = {MOMENTS: ".safetensors", CHECKPOINTS: ".safetensors", FRAMES: ".png"}
    found = (folder / part).glob(f"*{suffixes[part]}")
    return sorted(path for path in found if path.name.partition(".")[0].isdecimal() and path.name.count(".") == 1)


def moments(folder: Path) -> list[Path]:
    """Return the files of a run's moments, ordered by step: the newest ones, if there are many more than runs keep."""
    # A new one is saved before another is removed for it.
    return of_steps(folder, MOMENTS)[-2 * MAX_MOMENTS :]
