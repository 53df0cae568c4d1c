"""Writes a run's folder while it trains."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RunError
from sfumato.recipe import Recipe, to_string, values
from sfumato.runs import layout, metrics, weights
from sfumato.runs.atomic import write_bytes
from sfumato.runs.moments import Choice
from sfumato.runs.provenance import provenance
from sfumato.training import Snapshot, findings


class RunWriter:
    """Observes snapshots and writes what a run leaves. One writer at a time: it holds the folder's lock."""

    def __init__(self, folder: Path, recipe: Recipe, recipe_id: str, picture: NDArray[np.float32]) -> None:
        """``recipe`` resolved, ``picture`` as trained on. Raises RunError when another process writes this run."""
        self.folder = folder
        self._linear = recipe.picture.light == "linear"
        self._squashed = recipe.model.output == "sigmoid"
        self._picture = images.exact(picture)
        self._moments = Choice()
        self._lock = FileLock(folder / layout.LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise RunError(f"{folder} is being written by another process. Wait for it, or stop it.") from None
        height, width, channels = picture.shape
        self._facts: dict[str, Any] = {
            "layout": layout.VERSION,
            "id": recipe_id,
            "status": "running",
            "ended": None,
            "recipe": values(recipe),
            "recipe_string": to_string(recipe),
            "picture": {
                "source": recipe.picture.source,
                "height": height,
                "width": width,
                "channels": channels,
                "sha256": images.sha256(picture),
            },
            "provenance": provenance(recipe.threads),
            "started": _now(),
            "finished": None,
            "result": None,
            "findings": [],
        }
        buffer = io.BytesIO()
        np.save(buffer, picture, allow_pickle=False)
        write_bytes(folder / layout.PICTURE, buffer.getvalue())
        self._write_facts()

    def observe(self, snapshot: Snapshot) -> None:
        """Write what this snapshot brings: a line, a frame, a moment; at the end the result."""
        if snapshot.evaluation is not None:
            metrics.append(self.folder / layout.METRICS, metrics.line(snapshot))
            self._write_picture(layout.frame(snapshot.step), snapshot)
        gone = self._moments.take(snapshot)
        if gone is not None:
            weights.save(self.folder / layout.moment(snapshot.step), snapshot.weights(), weights.Moment.of(snapshot))
            for step in gone:
                (self.folder / layout.moment(step)).unlink(missing_ok=True)
        if snapshot.ended is not None and snapshot.evaluation is not None:
            self._write_picture(layout.PAINTING, snapshot)
            self._facts["findings"] = findings(snapshot.evaluation, self._picture, squashed=self._squashed)
            self._facts["ended"] = snapshot.ended
            self._facts["result"] = {
                **metrics.line(snapshot),
                "overhead_seconds": snapshot.overhead_seconds,
            }

    def finish(self, status: str) -> None:
        """Record how the run went (``done``, ``stopped`` or ``failed``) and let go of the folder."""
        self._facts["status"] = status
        self._facts["finished"] = _now()
        try:
            self._write_facts()
        finally:
            self._lock.release()

    def _write_picture(self, name: str, snapshot: Snapshot) -> None:
        painting = np.clip(snapshot.painting(), 0.0, 1.0)
        if self._linear:
            painting = images.linear_to_srgb(painting.astype(np.float32))
        buffer = io.BytesIO()
        # Level 1 takes a third of the default's time for a tenth more bytes, and training waits for it.
        images.as_image(painting).save(buffer, format="PNG", compress_level=1)
        write_bytes(self.folder / name, buffer.getvalue())

    def _write_facts(self) -> None:
        write_bytes(self.folder / layout.RUN, (json.dumps(self._facts, indent=2) + "\n").encode())


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
