"""What happens in a run's folder, as events: one watcher a run, whatever number of pages listens.

It looks at the files' times ten times a second, which works for runs of any process on any file system, and reads only
what has changed. Runs that nobody listens to are not looked at.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio

from sfumato.errors import RunError
from sfumato.runs import entry, facts, layout, live_figures, metrics, weights
from sfumato.studio.run import curves, page, progress
from sfumato.studio.training import waiting
from sfumato.studio.web.bodies import sent

TICK = 0.1
"""Seconds between two looks at a run that is being trained."""
QUIET_TICK = 0.5
"""And at one that is not."""
WATCHED_EVERY = 1.0
PROBED_EVERY = 2.0
STATE_EVERY = 1.0
"""Seconds between two `state` events at least, but for changes of the state itself."""
MOST_WAITING = 256
"""Pieces that a page may be behind; then the oldest go."""

_MOST_READ = 4_000_000

MOST_REMEMBERED = 1000
"""Lines: a frame comes with its line, or soon after."""

_TOLD = ("step", "epoch", "samples", "seconds", "loss", "psnr")
"""Of a line, with its frame."""


class Watchers:
    """The watchers of the runs that somebody listens to."""

    def __init__(self) -> None:
        self._all: dict[Path, Watcher] = {}

    async def listen(self, folder: Path, ends: anyio.Event | None = None) -> AsyncIterator[bytes]:
        """Events of a run, first its state, until the listener leaves, the run is deleted, or the server ``ends``."""
        watcher = self._all.get(folder)
        if watcher is None:
            watcher = self._all[folder] = Watcher(folder)
        queue = watcher.join()
        end = None if ends is None else asyncio.create_task(_end(queue, ends))
        try:
            while (piece := await queue.get()) is not None:
                yield piece
        finally:
            if end is not None:
                end.cancel()
            if watcher.leave(queue):
                self._all.pop(folder, None)


class Watcher:
    """Looks at one run's folder for its listeners."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._stamps: dict[str, Any] = {}
        self._facts: dict[str, Any] = {}
        self._operations: int | None = None
        self._line: dict[str, Any] | None = None
        self._by_step: dict[int, dict[str, Any]] = {}
        self._read = 0
        self._begun = False
        self._held = False
        self._steps: dict[str, set[int]] = {layout.FRAMES: set(), layout.MOMENTS: set()}
        self._state: dict[str, Any] = {}
        self._live: bytes = b""
        self._at = {"watched": 0.0, "probed": 0.0, "state": 0.0}

    def join(self) -> asyncio.Queue[bytes | None]:
        """A listener's queue; it holds the state already."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)
        if self._task is None:
            self._look(first=True)
            self._task = asyncio.create_task(self._watch())
        self._queues.add(queue)
        queue.put_nowait(sent("state", self._state) + self._live)
        return queue

    def leave(self, queue: asyncio.Queue[bytes | None]) -> bool:
        """Whether that was the last one."""
        self._queues.discard(queue)
        if not self._queues and self._task is not None:
            self._task.cancel()
            return True
        return not self._queues

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK if self._state.get("state") in entry.LIVE else QUIET_TICK)
            if not self._folder.is_dir():
                self._tell(sent("gone", {}))
                self._tell(None)
                return
            if pieces := self._look():
                self._tell(b"".join(pieces))

    def _tell(self, piece: bytes | None) -> None:
        for queue in self._queues:
            _put(queue, piece)

    def _look(self, *, first: bool = False) -> list[bytes]:
        """What is new since the last look."""
        pieces: list[bytes] = []
        changed = self._new_facts()
        changed |= self._probe(changed)
        lines = self._new_lines()
        pieces += [sent("line", line) for line in lines]
        for part, event in ((layout.FRAMES, "frame"), (layout.MOMENTS, "moment")):
            for step in self._new_steps(part):
                about = self._frame(step) if event == "frame" else self._moment(step)
                pieces.append(sent(event, about))
        now = time.monotonic()
        live = self._facts.get("status") in entry.LIVE and self._held
        if live and now - self._at["watched"] >= WATCHED_EVERY:
            self._at["watched"] = now
            _touch(self._folder / layout.WATCHED)
        if live and self._moved(layout.LIVE):
            self._live = sent("live", {"version": f"{self._stamps[layout.LIVE][0]:x}", **self._stats()})
            pieces.append(self._live)
        elif not live:
            self._live = b""
        moved_up = waiting.before(self._folder.parent, self._folder.name) != self._state.get("before")
        if changed or lines or moved_up or (live and now - self._at["state"] >= STATE_EVERY) or first:
            self._at["state"] = now
            before = self._state
            self._state = progress.state(self._folder, self._facts, self._line, self._held)
            if self._state != before:
                pieces.append(sent("state", self._state))
        return [] if first else pieces

    def _new_facts(self) -> bool:
        if not self._moved(layout.RUN):
            return False
        try:
            self._facts = facts.read(self._folder)
        except RunError:
            self._facts = {"status": entry.DAMAGED}
        if self._operations is None:
            self._operations = curves.operations_per_sample(self._facts)
        return True

    def _probe(self, changed: bool) -> bool:
        """Whether a process has begun or ceased to work on the run."""
        if self._facts.get("status") not in entry.LIVE:
            before, self._held = self._held, False
            return before
        now = time.monotonic()
        # Who is gone does not come back without writing run.json.
        if not changed and (not self._held or now - self._at["probed"] < PROBED_EVERY):
            return False
        self._at["probed"] = now
        before, self._held = self._held, entry.is_held(self._folder)
        return before != self._held

    def _new_lines(self) -> list[dict[str, Any]]:
        path = self._folder / layout.METRICS
        try:
            size = path.lstat().st_size
            if size == self._read or not stat.S_ISREG(path.lstat().st_mode):
                return []
            if self._read == 0 and self._state == {}:
                # What was there before is in what the page has loaded: of a long file only the end is looked at.
                self._read = _start_of_last_line(path, size)
            if size < self._read:
                # Taken up again from a checkpoint: later lines were dropped.
                self._read, self._by_step = _start_of_last_line(path, size), {}
            with path.open("rb") as file:
                file.seek(self._read)
                data = file.read(_MOST_READ)
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and len(data) == _MOST_READ:
            # A hole, or something else that no training has written.
            self._read = size
            return []
        first, self._read = not self._begun, self._read + len(whole)
        self._begun = True
        lines: list[dict[str, Any]] = []
        for text in whole.splitlines():
            with suppress(ValueError, RecursionError):
                line = json.loads(text)
                metrics.check(line)
                lines.append(line)
        if lines:
            self._line = lines[-1]
            # Without the figures of every layer, which are long.
            self._by_step |= {line["step"]: {name: line.get(name) for name in _TOLD} for line in lines}
        while len(self._by_step) > MOST_REMEMBERED:
            del self._by_step[next(iter(self._by_step))]
        return [] if first and self._state == {} else [self._shown(line) for line in lines]

    def _shown(self, line: dict[str, Any]) -> dict[str, Any]:
        about = {name: line.get(name) for name in ("epoch", "step", "seconds", "loss", "psnr", "ssim")}
        about["operations"] = None if self._operations is None else self._operations * line["samples"]
        figures = line.get("stats")
        layers = figures.get("layers") if isinstance(figures, dict) else None
        about["stable_rank"] = layers.get("stable_rank") if isinstance(layers, dict) else None
        return about

    def _new_steps(self, part: str) -> list[int]:
        if not self._moved(part):
            return []
        found = {layout.step_of(path) for path in layout.of_steps(self._folder, part)}
        before, self._steps[part] = self._steps[part], found
        return sorted(found - before)

    def _frame(self, step: int) -> dict[str, Any]:
        return page.frame(step, self._by_step, self._operations)

    def _stats(self) -> dict[str, Any]:
        moment = live_figures.read(self._folder)
        return {name: getattr(moment, name, None) for name in ("step", "epoch", "seconds", "running_psnr")}

    def _moment(self, step: int) -> dict[str, Any]:
        try:
            moment = weights.moment_of(self._folder / layout.moment(step))
        except RunError:
            return {"step": step, "epoch": None, "seconds": None}
        return {"step": step, "epoch": moment.epoch, "seconds": moment.seconds}

    def _moved(self, name: str) -> bool:
        """Whether a file or folder was written since it was last asked for."""
        try:
            about = (self._folder / name).lstat()
            stamp = None if stat.S_ISLNK(about.st_mode) else (about.st_mtime_ns, about.st_size, about.st_ino)
        except OSError:
            stamp = None
        before = self._stamps.get(name)
        self._stamps[name] = stamp
        return stamp is not None and stamp != before


def _start_of_last_line(path: Path, size: int) -> int:
    """Where the last whole line begins; 0 where that is too far from the end."""
    start = max(size - _MOST_READ, 0)
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(_MOST_READ)
    before = data.rfind(b"\n", 0, max(data.rfind(b"\n"), 0))
    return start + before + 1 if before >= 0 else 0


def _put(queue: asyncio.Queue[bytes | None], piece: bytes | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(piece)


async def _end(queue: asyncio.Queue[bytes | None], ends: anyio.Event) -> None:
    await ends.wait()
    _put(queue, None)


def _touch(path: Path) -> None:
    """Tell the process that trains that somebody watches."""
    with suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            os.utime(file)
        finally:
            os.close(file)
