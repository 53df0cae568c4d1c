"""Names inside a run folder. docs/run-folder.md tells what each holds."""

from __future__ import annotations

from pathlib import Path

VERSION = 2
"""Of the layout; a folder of another version is refused."""

RUN = "run.json"
PICTURE = "picture.npy"
METRICS = "metrics.jsonl"
MOMENTS = "moments"
CHECKPOINTS = "checkpoints"
FRAMES = "frames"
LOCK = "lock"
REQUEST = "request"
LIVE = "live.jpg"
"""The newest painting, while somebody watches."""
WATCHED = "watched"
"""Touched again and again by whoever watches."""
PAINTING = "painting.png"
CURVE = "curve.svg"
FILM = "learning"
"""Without its ending: .mp4, .gif or .webp."""

MOST_MOMENTS = 64


def moment(step: int) -> str:
    """The file of the weights after ``step`` steps."""
    return f"{MOMENTS}/{step:012d}.safetensors"


def frame(step: int) -> str:
    """The file of the film's frame after ``step`` steps."""
    return f"{FRAMES}/{step:012d}.png"


def checkpoint(step: int) -> str:
    """The file of all that is needed to continue after ``step`` steps."""
    return f"{CHECKPOINTS}/{step:012d}.safetensors"


def step_of(path: Path) -> int:
    """The step in the name of a moment, frame or checkpoint."""
    return int(path.name.partition(".")[0])


def of_steps(folder: Path, part: str) -> list[Path]:
    """The files of `MOMENTS`, `FRAMES` or `CHECKPOINTS` in a run's folder, in the order of their steps; no others."""
    endings = {MOMENTS: ".safetensors", CHECKPOINTS: ".safetensors", FRAMES: ".png"}
    found = (folder / part).glob(f"*{endings[part]}")
    return sorted(path for path in found if path.name.partition(".")[0].isdecimal() and path.name.count(".") == 1)
