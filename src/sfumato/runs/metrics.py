"""metrics.jsonl: one line an evaluation, append-only."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs.atomic import cannot_write
from sfumato.training import Figures, Snapshot


def line(snapshot: Snapshot, figures: Figures | None = None) -> dict[str, Any]:
    """The errors of an evaluated snapshot, in full double precision, null where there is none; and its ``figures``."""
    evaluation = snapshot.evaluation
    if evaluation is None:
        raise ValueError("the snapshot has no evaluation")
    values = {
        "epoch": snapshot.epoch,
        "step": snapshot.step,
        "samples": snapshot.samples,
        "seconds": snapshot.seconds,
        "loss": snapshot.loss,
        "mse": evaluation.mse,
        "mae": evaluation.mae,
        "psnr": evaluation.psnr,
        "ssim": evaluation.ssim,
        "learning_rate": snapshot.learning_rate,
    }
    if evaluation.psnr_held_out is not None:
        values["psnr_held_out"] = evaluation.psnr_held_out
    # JSON knows neither nan nor infinity.
    plain: dict[str, Any] = {key: value if math.isfinite(value) else None for key, value in values.items()}
    return plain if figures is None else plain | {"figures": figures.as_json()}


def append(path: Path, values: dict[str, Any]) -> None:
    """Add one line. Raises RunError when it cannot be written."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def read(path: Path) -> list[dict[str, Any]]:
    """All whole lines; a last line that was cut off by a crash is left out. Raises RunError for a damaged one."""
    if not path.exists():
        return []
    *lines, _cut_off = path.read_text(encoding="utf-8").split("\n")
    try:
        return [json.loads(text) for text in lines]
    except ValueError as error:
        raise RunError(f"{path} must hold one JSON object a line: {error}. Restore or remove the file.") from None
