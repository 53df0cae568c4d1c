"""Events of a run's folder, from one watcher per run, however many pages listen.

The watcher polls the files' modification times ten times per second, which works for runs of any process on any file
system, and reads only what has changed. It polls on a thread, because a file system may be slow. Runs without listeners
are not polled.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread

from sfumato.errors import RunError
from sfumato.runs import entry, layout, run_json, weights
from sfumato.studio.run import curves, metrics_line, page, progress
from sfumato.studio.run.metrics_line import MetricsLine
from sfumato.studio.training import queue_records
from sfumato.studio.web.errors import unexpected
from sfumato.studio.web.request_bodies import server_sent_event

TICK = 0.1
"""Seconds between polls of a run that trains."""
IDLE_TICK = 0.5
"""Seconds between polls of any other run."""
WATCHED_INTERVAL = 1.0
PROBE_INTERVAL = 2.0
STATE_INTERVAL = 1.0
"""Minimum seconds between `state` events, unless the state itself changes."""
MAX_POLLS = 4
"""Runs that are polled at once."""
MAX_NEW_STEPS = 500
"""Frames or moments that one poll reports, the newest ones; a training saves a few between two polls."""
MAX_QUEUED = 256
"""Events that a slow page may lag behind; beyond, the oldest are dropped."""

_MAX_READ = metrics_line.MAX_BYTES

MAX_LINES = 1000
"""Lines that are kept: a frame appears with its line, or soon after."""

_LINE_FIELDS = ("step", "epoch", "samples", "seconds", "loss", "psnr")
"""Fields of a line that are sent with its frame."""


class Watchers:
    """The watchers of all runs that have listeners."""

    def __init__(self) -> None:
        self._all: dict[Path, Watcher] = {}
        self._limiter = CapacityLimiter(MAX_POLLS)

    async def listen(self, folder: Path, ends: anyio.Event | None = None) -> AsyncIterator[bytes]:
        """Yield a run's events, first its state, until the listener leaves, the run is deleted, or ``ends`` is set."""
        watcher = self._all.get(folder)
        if watcher is None:
            watcher = self._all[folder] = Watcher(folder, self._limiter)
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
    """Polls one run's folder for its listeners."""

    def __init__(self, folder: Path, limiter: CapacityLimiter) -> None:
        self._folder = folder
        self._limiter = limiter
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._stamps: dict[str, Any] = {}
        self._facts: dict[str, Any] = {}
        self._operations: int | None = None
        self._line: dict[str, Any] | None = None
        self._by_step: dict[int, dict[str, Any]] = {}
        self._offset = 0
        self._held = False
        self._steps: dict[str, set[int]] = {layout.FRAMES: set(), layout.MOMENTS: set()}
        self._state: dict[str, Any] = {}
        self._live: bytes = b""
        self._current: bytes = b""
        """The events that tell the current state; empty before the first poll."""
        self._last_times = {"watched": 0.0, "probed": 0.0, "state": 0.0}

    def join(self) -> asyncio.Queue[bytes | None]:
        """Add a listener, and return its queue, whose first events are the current state."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUED)
        self._queues.add(queue)
        if self._task is None:
            self._task = asyncio.create_task(self._watch())
        elif self._current:
            queue.put_nowait(self._current)
        return queue

    def leave(self, queue: asyncio.Queue[bytes | None]) -> bool:
        """Remove a listener, and return whether it was the last one."""
        self._queues.discard(queue)
        if not self._queues and self._task is not None:
            self._task.cancel()
            return True
        return not self._queues

    async def _watch(self) -> None:
        try:
            await to_thread.run_sync(self._poll_first, limiter=self._limiter)
            self._send(self._current)
            while (events := await to_thread.run_sync(self._poll, limiter=self._limiter)) is not None:
                if events:
                    self._send(events)
                await asyncio.sleep(TICK if self._state.get("state") in entry.LIVE else IDLE_TICK)
            self._send(server_sent_event("gone", {}))
        except Exception as error:
            # A bug. The pages ask again after a while.
            unexpected(f"watching {self._folder.name}", error)
        self._send(None)

    def _send(self, piece: bytes | None) -> None:
        for queue in self._queues:
            _put(queue, piece)

    def _poll_first(self) -> None:
        """Read the current state, without events for what is there already: the page has loaded it."""
        self._new_facts()
        self._probe(changed=True)
        self._new_lines()
        for part in self._steps:
            self._new_steps(part)
        self._update_live()
        self._state = progress.state(self._folder, self._facts, self._line, self._held)
        self._last_times["state"] = time.monotonic()
        self._current = server_sent_event("state", self._state) + self._live

    def _poll(self) -> bytes | None:
        """Return the events since the last poll; None if the run was deleted."""
        if not self._folder.is_dir():
            return None
        pieces: list[bytes] = []
        changed = self._new_facts()
        changed |= self._probe(changed)
        lines = self._new_lines()
        pieces += [server_sent_event("line", line) for line in lines]
        for part, event in ((layout.FRAMES, "frame"), (layout.MOMENTS, "moment")):
            for step in self._new_steps(part):
                about = self._frame(step) if event == "frame" else self._moment(step)
                pieces.append(server_sent_event(event, about))
        if self._update_live():
            pieces.append(self._live)
        now = time.monotonic()
        moved_up = queue_records.position(self._folder.parent, self._folder.name) != self._state.get("before")
        is_due = self._is_live and now - self._last_times["state"] >= STATE_INTERVAL
        if changed or lines or moved_up or is_due:
            self._last_times["state"] = now
            before = self._state
            self._state = progress.state(self._folder, self._facts, self._line, self._held)
            if self._state != before:
                pieces.append(server_sent_event("state", self._state))
        self._current = server_sent_event("state", self._state) + self._live
        return b"".join(pieces)

    @property
    def _is_live(self) -> bool:
        return self._facts.get("status") in entry.LIVE and self._held

    def _update_live(self) -> bool:
        """Ask a live run for paintings, and return whether there is a new one."""
        if not self._is_live:
            self._live = b""
            return False
        now = time.monotonic()
        if now - self._last_times["watched"] >= WATCHED_INTERVAL:
            self._last_times["watched"] = now
            _touch(self._folder / layout.WATCHED)
        if not self._has_changed(layout.LIVE):
            return False
        self._live = server_sent_event("live", {"version": f"{self._stamps[layout.LIVE][0]:x}", **self._stats()})
        return True

    def _new_facts(self) -> bool:
        if not self._has_changed(layout.RUN):
            return False
        try:
            self._facts = run_json.read(self._folder)
        except RunError:
            self._facts = {"status": entry.DAMAGED}
        if self._operations is None:
            self._operations = curves.operations_per_sample(self._facts)
        return True

    def _probe(self, changed: bool) -> bool:
        """Return whether a process has started or stopped working on the run since the last call."""
        if self._facts.get("status") not in entry.LIVE:
            before, self._held = self._held, False
            return before
        now = time.monotonic()
        # A process that resumes the run writes run.json.
        if not changed and (not self._held or now - self._last_times["probed"] < PROBE_INTERVAL):
            return False
        self._last_times["probed"] = now
        before, self._held = self._held, entry.is_held(self._folder)
        return before != self._held

    def _new_lines(self) -> list[dict[str, Any]]:
        path = self._folder / layout.METRICS
        try:
            size = path.lstat().st_size
            if size == self._offset or not stat.S_ISREG(path.lstat().st_mode):
                return []
            if self._offset == 0 and self._state == {}:
                # Earlier lines are in what the page has loaded: of a long file only the end is read.
                self._offset = _start_of_last_line(path, size)
            if size < self._offset:
                # The run was resumed from a checkpoint, which dropped later lines.
                self._offset, self._by_step = _start_of_last_line(path, size), {}
            with path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_MAX_READ)
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and len(data) == _MAX_READ:
            # A hole in the file, or something else that no training has written.
            self._offset = size
            return []
        self._offset += len(whole)
        lines: list[MetricsLine] = []
        for text in whole.splitlines():
            with suppress(ValueError):
                lines.append(metrics_line.parse(text))
        if lines:
            self._line = lines[-1].values(*_LINE_FIELDS)
            # Without the statistics of the layers, which are long.
            self._by_step |= {line.step: line.values(*_LINE_FIELDS) for line in lines}
        while len(self._by_step) > MAX_LINES:
            del self._by_step[next(iter(self._by_step))]
        return [self._line_event(line) for line in lines]

    def _line_event(self, line: MetricsLine) -> dict[str, Any]:
        about = line.values("epoch", "step", "seconds", "loss", "psnr", "ssim")
        about["operations"] = None if self._operations is None else self._operations * line.samples
        about["stable_rank"] = line.layers.stable_rank
        return about

    def _new_steps(self, part: str) -> list[int]:
        if not self._has_changed(part):
            return []
        found = {layout.step_of(path) for path in layout.of_steps(self._folder, part)}
        before, self._steps[part] = self._steps[part], found
        return sorted(found - before)[-MAX_NEW_STEPS:]

    def _frame(self, step: int) -> dict[str, Any]:
        return page.frame(step, self._by_step, self._operations)

    def _stats(self) -> dict[str, Any]:
        moment = weights.read_live_moment(self._folder)
        return {name: getattr(moment, name, None) for name in ("step", "epoch", "seconds", "running_psnr")}

    def _moment(self, step: int) -> dict[str, Any]:
        try:
            moment = weights.moment_of(self._folder / layout.moment(step))
        except RunError:
            return {"step": step, "epoch": None, "seconds": None}
        return {"step": step, "epoch": moment.epoch, "seconds": moment.seconds}

    def _has_changed(self, name: str) -> bool:
        """Return whether a file or folder was written since the last call."""
        try:
            about = (self._folder / name).lstat()
            stamp = None if stat.S_ISLNK(about.st_mode) else (about.st_mtime_ns, about.st_size, about.st_ino)
        except OSError:
            stamp = None
        before = self._stamps.get(name)
        self._stamps[name] = stamp
        return stamp is not None and stamp != before


def _start_of_last_line(path: Path, size: int) -> int:
    """Return the offset of the last complete line; 0 if it is too far from the end."""
    start = max(size - _MAX_READ, 0)
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(_MAX_READ)
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
    """Update a file's time, so that the training process knows that a page watches."""
    with suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            os.utime(file)
        finally:
            os.close(file)
