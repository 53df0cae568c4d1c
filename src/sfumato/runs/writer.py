"""Writes a run's folder while it trains."""

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
from sfumato.recipe.picture import Light
from sfumato.runs import checkpoints, facts, layout, metrics, requests, weights
from sfumato.runs.atomic import cannot_write, gone, remove, sweep, write_bytes
from sfumato.runs.live import LiveView
from sfumato.runs.locking import FolderLock
from sfumato.runs.moments import Choice
from sfumato.runs.provenance import provenance
from sfumato.training import Evaluation, Figures, Looking, Snapshot
from sfumato.training.diagnosis import remedies
from sfumato.training.diagnosis.few_seen import few_seen
from sfumato.training.diagnosis.outcome import Course, outcome
from sfumato.training.looking import CHECKPOINTS, FIGURES, MOMENTS
from sfumato.training.movement import largest_change
from sfumato.training.starvation import starved

SECONDS_A_CHECKPOINT = 5.0
SECONDS_A_STAGE = 1.0

_WRITTEN = (layout.RUN, layout.PICTURE, layout.METRICS, layout.PAINTING)
"""At the top of a run's folder, by whoever holds its lock and by nobody else."""


class RunWriter:
    """Observes snapshots and writes what a run leaves. One writer at a time: it holds the folder's lock."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        recipe_id: str,
        picture: NDArray[np.float32],
        *,
        warm_start: dict[str, Any] | None = None,
        resumed_at: int | None = None,
    ) -> None:
        """``recipe`` resolved, ``picture`` as trained on; ``warm_start`` tells where the first weights came from.

        The folder is a new one, or of a run that has not begun.

        With ``resumed_at`` an earlier writer's folder is taken up again at that step: what was written after it goes.
        Raises RunError when another process writes this run, or it cannot be written.
        """
        self.folder = folder
        self._light: Light = recipe.picture.light
        self._recipe = recipe
        self._evaluates = recipe.evaluation.every != "end"
        self._picture = picture
        self._encoded: tuple[int, bytes] | None = None
        self._staged = -np.inf
        self._moments = Choice()
        self._live = LiveView(folder, self._light)
        self._checkpointed = -np.inf
        self._looking: Looking | None = None
        self._last_line: int | None = None
        self._lock = FolderLock(folder)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunError(f"{folder} is being written by another process. Wait for it, or stop it.") from None
        except OSError as error:
            raise cannot_write(folder / layout.LOCK, error) from error
        try:
            requests.clear(folder)
            if resumed_at is None:
                self._begin(recipe, recipe_id, picture, warm_start)
            else:
                self._take_up(resumed_at, recipe.threads)
        except BaseException:
            self._lock.release()
            self._leave_nothing()
            raise

    def _leave_nothing(self) -> None:
        """Of a run that could not even be begun."""
        with suppress(OSError):
            if not (self.folder / layout.RUN).exists():
                for name in (layout.LOCK, layout.PICTURE):
                    (self.folder / name).unlink(missing_ok=True)
                self.folder.rmdir()

    def _begin(
        self, recipe: Recipe, recipe_id: str, picture: NDArray[np.float32], warm_start: dict[str, Any] | None
    ) -> None:
        height, width, channels = picture.shape
        if (self.folder / layout.RUN).exists() and facts.has_begun(facts.read(self.folder)):
            raise RunError(f"{self.folder} was begun by another process.")
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
            "warm_start": warm_start,
            "provenance": provenance(recipe.threads),
            "started": _now(),
            "resumed": [],
            "finished": None,
            "result": None,
            "stage": None,
            "looking": None,
            "processor_share": None,
            "findings": [],
        }
        buffer = io.BytesIO()
        np.save(buffer, picture, allow_pickle=False)
        write_bytes(self.folder / layout.PICTURE, buffer.getvalue())
        self._write_facts()

    def _take_up(self, step: int, threads: int) -> None:
        sweep(self.folder, _WRITTEN)
        self._facts = facts.read(self.folder)
        lines = [line for line in metrics.read(self.folder / layout.METRICS) if line["step"] <= step]
        self._last_line = lines[-1]["step"] if lines else None
        write_bytes(self.folder / layout.METRICS, "".join(json.dumps(line) + "\n" for line in lines).encode())
        for part in (layout.FRAMES, layout.MOMENTS):
            for path in layout.of_steps(self.folder, part):
                if layout.step_of(path) > step:
                    remove(path)
        kept = layout.of_steps(self.folder, layout.MOMENTS)
        self._moments.restore([weights.moment_of(path) for path in kept])
        self._facts["resumed"].append({"at": _now(), "step": step, "provenance": provenance(threads)})
        self._facts |= {
            "status": "running",
            "ended": None,
            "finished": None,
            "result": None,
            "looking": None,
            "processor_share": None,
        }
        self._write_facts()

    def observe(self, snapshot: Snapshot) -> None:
        """Write what this snapshot brings: a line, a frame, a moment, a checkpoint; at the end the result.

        Raises RunError when it cannot be written, or the folder was deleted or moved.
        """
        self._check_in_place()
        if self._looking is None and self._evaluates and snapshot.ended is None:
            self._try_figures(snapshot)
        self._looking = snapshot.looking
        if snapshot.evaluation is not None and snapshot.ended != "diverged":
            figures = self._figures(snapshot)
            with snapshot.looking.at("frame"):
                # A run killed between its last evaluation and its end is evaluated there once more.
                if snapshot.step != self._last_line:
                    metrics.append(self.folder / layout.METRICS, metrics.line(snapshot, figures))
                self._last_line = snapshot.step
                self._write_picture(layout.frame(snapshot.step), snapshot)
        if snapshot.ended == "diverged":
            # The last good weights are in the checkpoints; these would only push them out.
            self._facts["findings"] = [_given_up(snapshot, self.folder, self._recipe)]
        else:
            self._keep(snapshot)
            self._live.show(snapshot)
        if snapshot.ended is not None:
            self._facts["ended"] = snapshot.ended
            if snapshot.ended == "stopped" and snapshot.evaluation is None:
                self._facts["findings"] = [
                    f"Stopped before it was painted whole: sfumato resume {self.folder} does so."
                ]
            self._facts["processor_share"] = snapshot.processor_share
        if snapshot.ended not in (None, "diverged") and snapshot.evaluation is not None:
            self._conclude(snapshot, snapshot.evaluation)

    def _try_figures(self, snapshot: Snapshot) -> None:
        # Twice: the first time imports what they need, the second tells what they cost.
        for _ in range(2):
            with snapshot.looking.at("figures"):
                snapshot.figures()

    def _figures(self, snapshot: Snapshot) -> Figures | None:
        # Of a small picture there are many evaluations, each cheaper than this.
        if snapshot.step == self._last_line or (
            snapshot.looking.between and not snapshot.looking.affords(FIGURES, "figures")
        ):
            return None
        with snapshot.looking.at("figures"):
            return snapshot.figures()

    def _keep(self, snapshot: Snapshot) -> None:
        looking, ended = snapshot.looking, snapshot.ended is not None
        if not looking.between or looking.affords_early(MOMENTS, "moment"):
            gone = self._moments.take(snapshot)
            if gone is not None:
                with looking.at("moment"):
                    path = self.folder / layout.moment(snapshot.step)
                    weights.save(path, snapshot.weights(), weights.Moment.of(snapshot))
                    for step in gone:
                        remove(self.folder / layout.moment(step))
        long_ago = time.monotonic() - self._checkpointed >= SECONDS_A_CHECKPOINT
        if ended or (long_ago and looking.affords(CHECKPOINTS, "checkpoint")):
            self._checkpointed = time.monotonic()
            with looking.at("checkpoint"):
                checkpoints.save(self.folder, snapshot.step, snapshot.state(), snapshot.seconds)

    def _conclude(self, snapshot: Snapshot, evaluation: Evaluation) -> None:
        with snapshot.looking.at("frame"):
            self._write_picture(layout.PAINTING, snapshot)
            course, picture = functools.partial(self._course, snapshot), images.exact(self._picture)
            found = outcome(evaluation, picture, self._recipe, snapshot.epoch, course)
            found += few_seen(evaluation, snapshot.epoch, snapshot.seconds, snapshot.size)
            if said := starved(snapshot.processor_share, snapshot.ended, self._recipe.threads):
                found.append(said)
            self._facts["findings"] = found
            self._facts["result"] = metrics.line(snapshot)

    def stage(self, name: str, done: int, total: int) -> None:
        """Record how far a long evaluation is, for those who watch the run through its folder."""
        now = time.monotonic()
        if done < total and now - self._staged < SECONDS_A_STAGE:
            return
        self._staged = now
        self._facts["stage"] = None if done >= total else {"name": name, "done": done, "total": total}
        self._write_facts()

    def _course(self, snapshot: Snapshot) -> Course:
        """What became of the network since its first moment, which is always there."""
        moments = layout.of_steps(self.folder, layout.MOMENTS)
        known = [moment.running_psnr for moment in map(weights.moment_of, moments) if moment.running_psnr is not None]
        return Course(
            # Of a folder from which it was taken away nothing can be told.
            moved=largest_change(weights.load(moments[0])[0], snapshot.weights()) if moments else math.inf,
            first_mse=10 ** (-known[0] / 10) if known else math.nan,
            last_mse=10 ** (-snapshot.running_psnr / 10),
        )

    def wait_while_paused(self) -> bool:
        """Do what was asked for through the folder: wait while paused; True when training is to stop.

        Raises RunError when the folder was deleted or moved meanwhile.
        """
        if requests.asked(self.folder) == "pause":
            self._facts["status"] = "paused"
            self._write_facts()
            while requests.asked(self.folder) == "pause":
                time.sleep(0.1)
                self._check_in_place()
            self._check_in_place()
            self._facts["status"] = "running"
            self._write_facts()
        return requests.asked(self.folder) == "stop"

    def finish(self, status: str) -> None:
        """Record how the run went (``done``, ``stopped``, ``diverged`` or ``failed``) and let go of the folder.

        Raises RunError when that cannot be written, or the folder was deleted or moved.
        """
        self._facts["status"] = status
        self._facts["finished"] = _now()
        self._facts["stage"] = None
        self._facts["looking"] = None if self._looking is None else self._looking.facts()
        try:
            self._check_in_place()
            requests.clear(self.folder)
            for name in (layout.LIVE, layout.WATCHED):
                remove(self.folder / name)
            self._write_facts()
        finally:
            self._lock.release()

    def _check_in_place(self) -> None:
        if not self._lock.is_in_place:
            raise gone(self.folder)

    def _write_picture(self, name: str, snapshot: Snapshot) -> None:
        # The last painting is a frame too: of a large picture each PNG takes seconds.
        if self._encoded is None or self._encoded[0] != snapshot.step:
            painting = images.shown(snapshot.painting(), self._light)
            buffer = io.BytesIO()
            # Level 1 takes a third of the default's time for a tenth more bytes, and training waits for it.
            images.as_image(painting).save(buffer, format="PNG", compress_level=1)
            self._encoded = (snapshot.step, buffer.getvalue())
        write_bytes(self.folder / name, self._encoded[1], part="/" in name)

    def _write_facts(self) -> None:
        write_bytes(self.folder / layout.RUN, (json.dumps(self._facts, indent=2) + "\n").encode())


def _given_up(snapshot: Snapshot, folder: Path, recipe: Recipe) -> str:
    good = checkpoints.files(folder)
    where = f"the last good weights are in {good[-1]}" if good else "no good weights were saved"
    change = remedies.other_start(recipe) if snapshot.cause == "start" else [remedies.slower(recipe)]
    return f"Training was given up: {snapshot.reason}; {where}. {remedies.tries(*change)}".rstrip()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
