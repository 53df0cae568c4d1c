"""The queue of runs: never do more train at once than there are cores.

A run takes as many cores as its recipe's ``threads``, all of them with ``threads`` 0. Every training in the folder of
runs counts, whichever process started it: this studio, another one, the command line. A paused run takes none, and
queues again when it is resumed. A run that waits is a record in `queue_records`, and neither a process nor a thread. Of
several studios of one user over one folder the first one starts runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from anyio import to_thread
from filelock import Timeout

from sfumato import trust
from sfumato.cores import available_cores
from sfumato.errors import RecipeError, RunError
from sfumato.recipe import Recipe, changed
from sfumato.runs import cleaning, entry, layout, queued, requests, run_json
from sfumato.runs.locking import FolderLock
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.training import queue_records
from sfumato.studio.training.worker_pool import WorkerEnded, WorkerPool
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

ATTEMPTS = 2
"""Attempts to start a run, each of which may end with its process."""

RESUME_SECONDS = 10.0
"""Seconds to wait for a paused training to resume."""


class Queue:
    """The queue, which starts and resumes runs when there are cores for them."""

    def __init__(self, workers: WorkerPool, gallery: Gallery) -> None:
        self._workers = workers
        self._gallery = gallery
        self._runs = workers.runs
        self._starting: dict[str, int] = {}
        """Runs that are being started, and their threads."""
        self._canceled: set[str] = set()
        """Those of them that were canceled in the meantime."""
        self._handled: set[str] = set()
        """Runs that were started, or failed to, and whose records could not be removed."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._leader_lock: FolderLock | None = None
        self._has_ended = False
        self.changed = asyncio.Event()
        """Set when `start_next` may have something to do."""

    @property
    def is_starting(self) -> bool:
        """Whether a run is being started, which needs a worker."""
        return bool(self._starting)

    async def start(self, recipes: Sequence[Recipe]) -> list[str]:
        """Queue new runs, and return their names. Raise Problem or RunError."""
        pictures = [await self._workers.stored_picture(each) for each in recipes]
        made = await to_thread.run_sync(self._enqueue, recipes, pictures)
        self.changed.set()
        return made

    async def race(self, recipes: Sequence[Recipe]) -> list[str]:
        """Queue new runs, divide the cores among them, and return their names."""
        threads = max(1, available_cores() // len(recipes))
        return await self.start([changed(each, {"threads": threads}) for each in recipes])

    async def resume(self, folder: Path) -> None:
        """Queue a run to be resumed. Raise Problem or RunError if that is impossible."""
        await to_thread.run_sync(self._check, folder)
        await self._check_picture(folder)
        if await to_thread.run_sync(_is_at_work, folder):
            # It may have been asked to pause, and still be in the step before.
            await to_thread.run_sync(requests.send, folder, "resume")
            return
        self._handled.discard(folder.name)
        await to_thread.run_sync(queue_records.add, self._runs, folder.name)
        self.changed.set()

    async def cancel(self, folder: Path) -> bool:
        """Remove a run from the queue, and delete it if it has not started. Return False if it did not wait."""
        name = folder.name
        if name in self._starting:
            self._canceled.add(name)
            return True
        return await to_thread.run_sync(self._cancel, folder)

    async def start_next(self) -> None:
        """Start the runs for which there are cores now; called periodically."""
        async with self._lock:
            if self._has_ended:
                return
            found = await to_thread.run_sync(queue_records.queued_runs, self._runs)
            # The studio may have ended in the meantime, and another one may be the leader.
            if self._has_ended or not found or not self._is_leader():
                return
            cores = available_cores()
            at_work = await to_thread.run_sync(self._at_work, cores)
            for name, threads in self._starting.items():
                at_work.setdefault(name, threads)
            for queued_run in found:
                threads = await to_thread.run_sync(_threads, self._runs / queued_run.name, cores)
                # There is no await from here to the task's creation, because `end` cancels the tasks that exist, and
                # because a run whose start has failed meanwhile has lost its record before it left `_starting`.
                if self._has_ended:
                    return
                if queued_run.name in self._starting or queued_run.name in self._handled:
                    continue
                if not queued_run.record.exists():
                    continue
                # Strictly in order: otherwise a run that needs all cores would never get them.
                if at_work and sum(at_work.values()) + threads > cores:
                    break
                at_work[queued_run.name] = self._starting[queued_run.name] = threads
                task = asyncio.create_task(self._start(queued_run.name))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """Start no more runs; those that wait stay for the next studio."""
        self._has_ended = True
        for task in self._tasks:
            task.cancel()
        if self._leader_lock is not None:
            self._leader_lock.release()
            self._leader_lock = None

    async def _start(self, name: str) -> None:
        try:
            reason = await self._start_or_resume(name)
            # While it still counts as being started: otherwise it would be started once more.
            try:
                await to_thread.run_sync(self._finish, name, reason)
            except RunError:
                # Its record could not be removed: without this, it would be started again and again.
                self._handled.add(name)
            if name in self._canceled:
                with suppress(Problem, RunError):
                    await to_thread.run_sync(self._undo_start, name)
        finally:
            self._starting.pop(name, None)
            self._canceled.discard(name)
        self.changed.set()

    async def _start_or_resume(self, name: str) -> str | None:
        """Start or resume a run. Return why that failed, or None."""
        try:
            folder = run_paths.folder(self._runs, run_paths.encode(name))
            if not await to_thread.run_sync(entry.is_held, folder):
                return await self._train(folder)
            await to_thread.run_sync(requests.send, folder, "resume")
            await self._await_resume(folder)
        except (Problem, RunError) as problem:
            # The run was deleted, or has ended in the meantime.
            return str(problem)
        return None

    def _undo_start(self, name: str) -> None:
        """Stop or delete a run that was canceled while it was being started."""
        folder = run_paths.folder(self._runs, run_paths.encode(name))
        if entry.is_held(folder):
            requests.send(folder, "stop")
        else:
            self._cancel(folder)

    async def _train(self, folder: Path) -> str | None:
        """Let a worker train a run. Return why that failed, or None."""
        for left in reversed(range(ATTEMPTS)):
            try:
                await self._workers.resume(folder, lambda: folder.name not in self._canceled)
                return None
            except WorkerEnded as ended:
                if not left:
                    return str(ended)
        return None

    async def _await_resume(self, folder: Path) -> None:
        for _ in range(round(RESUME_SECONDS / 0.1)):
            if await to_thread.run_sync(_is_at_work, folder):
                return
            await asyncio.sleep(0.1)

    def _finish(self, name: str, reason: str | None) -> None:
        """Remove a run from the queue, and record why it failed, if it did."""
        queue_records.drop(self._runs, name)
        if reason is not None:
            queued.fail(self._runs / name, reason)

    def _enqueue(self, recipes: Sequence[Recipe], pictures: Sequence[Path | None]) -> list[str]:
        made: list[Path] = []
        try:
            for recipe, stored in zip(recipes, pictures, strict=True):
                made.append(queued.enqueue(self._runs, recipe, stored))
                queue_records.add(self._runs, made[-1].name)
        except (Problem, RunError):
            # Queue all or none.
            for folder in made:
                with suppress(RunError):
                    queue_records.drop(self._runs, folder.name)
                    cleaning.delete(entry.read(folder), self._runs)
            raise
        return [folder.name for folder in made]

    def _check(self, folder: Path) -> None:
        found = run_json.read(folder)
        model = found["recipe"].get("model") if isinstance(found.get("recipe"), dict) else None
        module = model.get("module") if isinstance(model, dict) else None
        activation = [] if module is not None else trust.named_in(found["recipe"])
        if activation:
            raise Problem(
                409,
                "This run has a custom activation, and the studio does not import its code. Resume it in a terminal: "
                f"sfumato resume {folder.name} {' '.join(f'--allow {name}' for name in activation)}.",
            )
        if module is not None:
            raise Problem(
                409,
                "This run trains a custom network, and the studio does not import its code. Resume it in a "
                f"terminal: sfumato resume {folder.name} --module NAME, or in Python: sf.resume(folder, module=net).",
            )
        status = found.get("status")
        if status in ("done", "diverged") and (folder / layout.CURVE).exists():
            raise RunError(f"{folder} must be unfinished to be resumed. Got a run that is {status}.")

    async def _check_picture(self, folder: Path) -> None:
        """Raise Problem if a queued run's picture is a file that only its run.json names."""
        asked = await to_thread.run_sync(queued.read, folder)
        if asked is None or asked.stored is not None:
            return
        try:
            ours = await self._workers.stored_picture(asked.recipe) is None
        except RecipeError:
            ours = False
        if not ours:
            raise Problem(
                409,
                "This run's picture is a file of this computer, and the studio does not read files that a run folder "
                f"names. If you trust it, start it in a terminal: sfumato resume {folder.name}",
            )

    def _cancel(self, folder: Path) -> bool:
        waited = queue_records.drop(self._runs, folder.name)
        found = entry.read(folder)
        if found.state == entry.QUEUED:
            cleaning.delete(found, self._runs)
            return True
        return waited

    def _is_leader(self) -> bool:
        """Return whether this is the leader among this user's studios over this folder; each user has a queue."""
        if self._leader_lock is None:
            try:
                lock = FolderLock(run_paths.studio_folder(self._runs, "leads", queue_records.sign("lead")[:16]))
                lock.acquire(timeout=0)
            except (Timeout, OSError, Problem):
                return False
            self._leader_lock = lock
        return True

    def _at_work(self, cores: int) -> dict[str, int]:
        """Return the runs that take cores now, and how many each."""
        ours = set(self._workers.training)
        found = set(ours)
        with suppress(RunError):
            found |= {each.name for each in self._gallery.entries() if each.state in entry.LIVE}
        return {name: _threads(self._runs / name, cores) for name in found if self._takes_cores(name, name in ours)}

    def _takes_cores(self, name: str, ours: bool) -> bool:
        folder = self._runs / name
        # Read again: the gallery's list may be a moment old.
        state = entry.read(folder).state
        if state == "paused":
            return requests.pending(folder) != "pause"
        # A run of ours that is done may still be making its film.
        return ours or state == "running"


def _is_at_work(folder: Path) -> bool:
    found = run_json.read(folder).get("status")
    return found == "running" and entry.is_held(folder) and requests.pending(folder) != "pause"


def _threads(folder: Path, cores: int) -> int:
    """Return how many cores a run takes by its recipe; all of them if it does not say."""
    try:
        threads = run_json.read(folder)["recipe"]["threads"]
    except (RunError, KeyError, TypeError):
        return cores
    return min(threads, cores) if type(threads) is int and threads > 0 else cores
