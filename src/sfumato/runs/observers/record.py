"""Writing run.json, and the picture as trained on."""

from __future__ import annotations

import functools
import io
import json
import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RunError
from sfumato.recipe import Recipe, to_string, values
from sfumato.recipe.picture import Transfer
from sfumato.runs import checkpoints, layout, metrics, requests, run_json, weights
from sfumato.runs.files import cannot_write, gone, remove_partial_files, write_bytes
from sfumato.runs.locking import FolderLock
from sfumato.runs.observers.folder import FolderObserver
from sfumato.runs.provenance import provenance
from sfumato.training import Overhead, OverheadBudget, PictureMetrics, PictureSnapshot, Start
from sfumato.training.diagnosis import findings
from sfumato.training.diagnosis.outcome import Course, outcome, short_budget_findings
from sfumato.training.divergence import largest_change
from sfumato.training.processor_share import starvation_finding

SECONDS_PER_STAGE = 1.0

_WRITTEN = (layout.RUN, layout.PICTURE, layout.METRICS, layout.PAINTING)
"""Files at the top of a run's folder that only the holder of its lock writes."""


class RunRecord(FolderObserver[PictureSnapshot]):
    """An observer that writes run.json and picture.npy, and holds the folder's lock.

    The lock ensures that one process at a time writes a run. The record must be the last of the folder's observers,
    since its findings depend on files that the others have written.
    """

    name = "record"
    overhead = Overhead.unlimited()

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        recipe_id: str,
        picture: NDArray[np.float32],
        *,
        warm_start: dict[str, Any] | None = None,
    ) -> None:
        """Acquire the lock of a folder: a new one, or that of a run that has not started or is to be resumed.

        ``recipe`` is resolved, ``picture`` is as trained on, and ``warm_start`` describes the origin of the initial
        weights. Raises RunError when another process writes this run, or it cannot be written.
        """
        super().__init__(folder)
        self.transfer: Transfer = recipe.picture.transfer
        self._recipe, self._id = recipe, recipe_id
        self._picture = picture
        self._warm_start = warm_start
        self._stage_written_at = -np.inf
        self._overhead: OverheadBudget | None = None
        self._facts: dict[str, Any] = {}
        """Content of run.json; empty before `begin`."""
        self._lock = FolderLock(folder)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunError(f"{folder} is being written by another process. Wait for it, or stop it.") from None
        except OSError as error:
            raise cannot_write(folder / layout.LOCK, error) from error

    def begin(self, start: Start) -> None:
        """Write run.json and the picture; for a run that is resumed, update run.json.

        Raises RunError when they cannot be written, or another process has started the run.
        """
        requests.clear(self.folder)
        if start.step is None:
            self._start()
        else:
            self._resume(start.step)

    def _remove_unstarted(self) -> None:
        """Remove the folder of a run that could not be started."""
        with suppress(OSError):
            if not (self.folder / layout.RUN).exists():
                for name in (layout.LOCK, layout.PICTURE):
                    (self.folder / name).unlink(missing_ok=True)
                self.folder.rmdir()

    def _start(self) -> None:
        recipe, picture = self._recipe, self._picture
        height, width, channels = picture.shape
        if (self.folder / layout.RUN).exists() and run_json.has_started(run_json.read(self.folder)):
            raise RunError(f"{self.folder} was started by another process.")
        found = {
            "layout": layout.VERSION,
            "id": self._id,
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
            "warm_start": self._warm_start,
            "provenance": provenance(recipe.threads),
            "started": _now(),
            "resumed": [],
            "finished": None,
            "result": None,
            "stage": None,
            "overhead": None,
            "processor_share": None,
            "findings": [],
        }
        buffer = io.BytesIO()
        np.save(buffer, picture, allow_pickle=False)
        write_bytes(self.folder / layout.PICTURE, buffer.getvalue())
        self._write_facts(found)

    def _resume(self, step: int) -> None:
        remove_partial_files(self.folder, _WRITTEN)
        found = run_json.read(self.folder)
        found["resumed"].append({"at": _now(), "step": step, "provenance": provenance(self._recipe.threads)})
        found |= {
            "status": "running",
            "ended": None,
            "finished": None,
            "result": None,
            "overhead": None,
            "processor_share": None,
            "findings": [],
        }
        self._write_facts(found)

    def due(self, snapshot: PictureSnapshot) -> bool:
        """Return whether training has ended."""
        self._overhead = snapshot.overhead
        return snapshot.ended is not None

    def observe(self, snapshot: PictureSnapshot) -> None:
        """Record how training ended, its result, and findings."""
        self._facts["ended"] = snapshot.ended
        self._facts["processor_share"] = snapshot.processor_share
        if snapshot.ended == "diverged":
            self._facts["findings"] = [_divergence_finding(snapshot, self.folder, self._recipe)]
        elif snapshot.evaluation is None:
            self._facts["findings"] = [
                f"Stopped before the final evaluation; complete it with sfumato resume {self.folder}."
            ]
        else:
            self._facts["findings"] = self._findings(snapshot, snapshot.evaluation)
            self._facts["result"] = metrics.line(snapshot)

    def _findings(self, snapshot: PictureSnapshot, evaluation: PictureMetrics) -> list[str]:
        course, picture = functools.partial(self._course, snapshot), images.exact(self._picture)
        found = outcome(evaluation, picture, self._recipe, snapshot.epoch, course)
        found += short_budget_findings(evaluation, snapshot.epoch, snapshot.seconds, snapshot.size)
        if message := starvation_finding(snapshot.processor_share, snapshot.ended, self._recipe.threads):
            found.append(message)
        return found

    def stage(self, name: str, done: int, total: int) -> None:
        """Record the progress of a long evaluation, for viewers of the run's folder."""
        now = time.monotonic()
        if done < total and now - self._stage_written_at < SECONDS_PER_STAGE:
            return
        self._stage_written_at = now
        self._facts["stage"] = None if done >= total else {"name": name, "done": done, "total": total}
        self._write_facts()

    def _course(self, snapshot: PictureSnapshot) -> Course:
        """Return the change of the network since its first moment."""
        moments = layout.of_steps(self.folder, layout.MOMENTS)
        known = [moment.running_psnr for moment in map(weights.moment_of, moments) if moment.running_psnr is not None]
        return Course(
            # Without the first moment, which someone has removed, the movement is unknown.
            moved=largest_change(weights.load(moments[0])[0], snapshot.weights()) if moments else math.inf,
            first_mse=10 ** (-known[0] / 10) if known else math.nan,
            last_mse=10 ** (-snapshot.running_psnr / 10),
        )

    def wait_while_paused(self) -> bool:
        """Wait while a request to pause is in the folder; return whether training is to stop.

        Raises RunError when the folder was deleted or moved meanwhile.
        """
        if requests.pending(self.folder) == "pause":
            self._facts["status"] = "paused"
            self._write_facts()
            while requests.pending(self.folder) == "pause":
                time.sleep(0.1)
                self.check_in_place()
            self.check_in_place()
            self._facts["status"] = "running"
            self._write_facts()
        return requests.pending(self.folder) == "stop"

    def finish(self, status: str) -> None:
        """Record the final status and release the folder's lock.

        Raises RunError when run.json cannot be written, or the folder was deleted or moved.
        """
        if not self._facts:
            self._lock.release()
            self._remove_unstarted()
            return
        self._facts["status"] = status
        self._facts["finished"] = _now()
        self._facts["stage"] = None
        self._facts["overhead"] = None if self._overhead is None else self._overhead.facts()
        try:
            self.check_in_place()
            requests.clear(self.folder)
            self._write_facts()
        finally:
            self._lock.release()

    def check_in_place(self) -> None:
        """Raise RunError if the folder was deleted or moved, before anything is written into another one."""
        if not self._lock.is_in_place:
            raise gone(self.folder)

    def _write_facts(self, found: dict[str, Any] | None = None) -> None:
        found = found or self._facts
        write_bytes(self.folder / layout.RUN, (json.dumps(found, indent=2) + "\n").encode())
        self._facts = found


def _divergence_finding(snapshot: PictureSnapshot, folder: Path, recipe: Recipe) -> str:
    saved = checkpoints.files(folder)
    where = f"the last good weights are in {saved[-1]}" if saved else "no good weights were saved"
    change = findings.other_initialization(recipe) if snapshot.cause == "start" else [findings.lower_rate(recipe)]
    return f"Training was aborted: {snapshot.reason}; {where}. {findings.as_text(*change)}".rstrip()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
