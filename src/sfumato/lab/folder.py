"""An experiment's folder: the plan, one row per trial, final weights and paintings. Rows are appended as trials end."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from sfumato.errors import RunError
from sfumato.lab import target_files
from sfumato.lab.layout import PLAN, TRIALS
from sfumato.lab.plan import Plan
from sfumato.lab.trial import Key, Outcome
from sfumato.lab.trial_rows import read_lines, read_rows
from sfumato.runs import replacing
from sfumato.runs.files import cannot_write, gone, other_output, read_bytes, write_bytes
from sfumato.runs.locking import FolderLock, exclusive
from sfumato.runs.provenance import provenance

MAX_PLAN_BYTES = 16_000_000
"""Bytes of a plan; 256 arms take about one million."""
MACHINES = "machines.jsonl"
"""File with one line per start or continuation of the experiment: versions, machine, executor."""
WEIGHTS = "weights"
PAINTINGS = "paintings"


class Folder:
    """Reader and writer of an experiment's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: FolderLock | None = None

    def plan(self) -> Plan | None:
        """Return the plan, or None where there is none yet. Raises RunError when the folder is something else."""
        file = self.path / PLAN
        try:
            if not file.exists():
                if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                    other = other_output() or "name an experiment's folder"
                    raise RunError(
                        f"{self.path} must be a folder of an experiment, or empty. Got something else; {other}."
                    )
                return None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RunError(f"{self.path} must be a folder of an experiment: {reason}.") from None
        try:
            found = json.loads(read_bytes(file, MAX_PLAN_BYTES))
            if not isinstance(found, dict):
                raise ValueError("it is not a JSON object")
            return Plan.of(found)
        except (ValueError, OSError, RecursionError) as error:
            raise RunError(
                f"{file} must be a plan that Sfumato wrote: {error}. Restore or remove the folder."
            ) from None

    def of(self, plan: Plan) -> Plan | None:
        """Return the stored plan if it is this one, or None where there is none yet.

        Raises RunError for another plan, and for one with seeds that ``plan`` lacks: seeds can be added, not removed.
        """
        found = self.plan()
        if found is not None and found.id != plan.id:
            raise RunError(
                f"{self.path} holds another experiment, {found.name} with the id {found.id}. Got {plan.name} with "
                f"the id {plan.id}; choose another folder (--out)."
            )
        if found is not None and not set(found.seeds) <= set(plan.seeds):
            raise RunError(
                f"{self.path} holds this experiment with {len(found.seeds)} seeds. Got {len(plan.seeds)}; give as "
                "many or more (--seeds), or choose another folder (--out)."
            )
        return found

    @contextmanager
    def locked(self, plan: Plan, pictures: Sequence[NDArray[np.float32]]) -> Iterator[None]:
        """Lock the folder, and start or continue the experiment. ``pictures``: each (H, W, C), none for digits.

        Raises RunError when the folder holds another experiment, another process writes it, or it cannot be written.
        """
        found = self.of(plan)
        if found is None:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(self.path, error) from error
        with exclusive(self.path) as self._lock:
            if found is None or found.seeds != plan.seeds:
                write_bytes(self.path / PLAN, (json.dumps(plan.to_values(), indent=2) + "\n").encode())
            target_files.write(self.path, pictures)
            try:
                yield
            finally:
                self._lock = None

    def picture(self, number: int = 0) -> NDArray[np.float32]:
        """Return a picture of the plan (H, W, C) as it is learned. Raises RunError when it is missing or damaged."""
        plan = self.plan()
        return target_files.read(self.path, number, () if plan is None else plan.pictures)

    def note_machine(self, executor: str, workers: int) -> None:
        """Append the machine, the executor and the number of workers that train from now on."""
        line = {**provenance(1), "executor": executor, "workers": workers}
        self._append(MACHINES, line)

    def machines(self) -> list[dict[str, Any]]:
        """Return the lines about machines and executors, in the order of starts and continuations."""
        return read_lines(self.path / MACHINES)

    def write(self, outcome: Outcome, order: int) -> None:
        """Write the outcome of a trial; ``order``: its arm's number. The row, written last, marks the trial as
        finished.

        Raises RunError when it cannot be written, or the folder was deleted or moved.
        """
        if self._lock is not None and not self._lock.is_in_place:
            raise gone(self.path)
        key = outcome.key
        if key.purpose == "verdict" and outcome.weights:
            contiguous = {name: np.asarray(value, order="C") for name, value in outcome.weights.items()}
            write_bytes(self.weights_file(key, order), safetensors.numpy.save(contiguous), make_parent=True)
        for number, frame in enumerate(outcome.frames):
            target_files.write_png(self.frame_file(key, order, number), frame)
        if outcome.painting is not None:
            target_files.write_png(self.painting_file(key, order), outcome.painting)
        self._append(TRIALS, outcome.row)

    def rows(self) -> dict[Key, dict[str, Any]]:
        """Return the rows of all trials that have ended, including failed ones. Raises RunError for a damaged file."""
        return read_rows(self.path / TRIALS, self.plan())

    def weights_file(self, key: Key, order: int) -> Path:
        """Return the path of the trial's final weights."""
        return self.path / WEIGHTS / f"{_name(key, order)}.safetensors"

    def painting_file(self, key: Key, order: int) -> Path:
        """Return the path of the trial's last painting, where paintings are saved."""
        return self.path / PAINTINGS / f"{_name(key, order)}.png"

    def frame_file(self, key: Key, order: int, mark: int) -> Path:
        """Return the path of the small painting at a mark."""
        return self.path / PAINTINGS / f"{_name(key, order)}-{mark:02d}.png"

    def _append(self, name: str, line: dict[str, Any]) -> None:
        path = self.path / name
        try:
            # A line that a crash cut off would make the next line unreadable too.
            if path.exists() and not _ends_a_line(path):
                text = path.read_bytes()
                with replacing(path) as partial:
                    partial.write_bytes(text[: text.rfind(b"\n") + 1])
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise cannot_write(path, error) from error


def _ends_a_line(path: Path) -> bool:
    """Return whether a file is empty or its last line is whole; only its last byte is read."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _name(key: Key, order: int) -> str:
    # Arms may have any name; the number distinguishes arms whose names give the same slug.
    slug = re.sub(r"[^a-z0-9]+", "-", key.arm.lower()).strip("-")[:40] or "arm"
    return f"{order:02d}-{slug}-picture-{key.picture:03d}-seed-{key.seed}"
