"""Runs begin one after another: never more are trained at once than there are cores.

A run takes as many cores as it asks for threads, all of them with ``threads`` 0. Counted is every training in the
folder of runs that is at work, whoever began it: this studio, another one, the command line. One that is paused takes
none; when it is to go on it waits for its turn like the others. A run that waits is a record in `waiting`, and neither
a process nor a thread. Of several studios of one user over one folder the first one lets runs begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from anyio import to_thread
from filelock import Timeout

from sfumato.cores import available_cores
from sfumato.errors import RecipeError, RunError
from sfumato.recipe import Recipe, changed
from sfumato.runs import cleaning, entry, facts, layout, queued, requests
from sfumato.runs.locking import FolderLock
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.training import seal, waiting
from sfumato.studio.training.worker_pool import Ended, WorkerPool
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

TRIES = 2
"""Times that a process may end before it has begun a run."""

TAKEN_UP_WITHIN = 10.0
"""Seconds that a paused training has to go on."""


class Queue:
    """Lets runs wait, begin and go on."""

    def __init__(self, children: WorkerPool, gallery: Gallery) -> None:
        self._children = children
        self._gallery = gallery
        self._runs = children.runs
        self._beginning: dict[str, int] = {}
        """Those that are to begin in this moment, and their threads."""
        self._unwanted: set[str] = set()
        """Of these, those that somebody has canceled meanwhile."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._lead: FolderLock | None = None
        self._has_ended = False
        self.changed = asyncio.Event()
        """Set where `go_on` may have something to do."""

    @property
    def is_beginning(self) -> bool:
        """Whether a run is about to need a process."""
        return bool(self._beginning)

    async def start(self, recipes: Sequence[Recipe]) -> list[str]:
        """Queue new runs; their names. Raises Problem or RunError."""
        pictures = [await self._children.stored_picture(each) for each in recipes]
        made = await to_thread.run_sync(self._enqueue, recipes, pictures)
        self.changed.set()
        return made

    async def race(self, recipes: Sequence[Recipe]) -> list[str]:
        """The same for runs among which the cores are divided."""
        threads = max(1, available_cores() // len(recipes))
        return await self.start([changed(each, {"threads": threads}) for each in recipes])

    async def resume(self, folder: Path) -> None:
        """Queue a run that is to go on. Raises Problem or RunError where that cannot be."""
        await to_thread.run_sync(self._check, folder)
        await self._check_picture(folder)
        if await to_thread.run_sync(_is_at_work, folder):
            # It was asked to pause, perhaps, and has not come to it yet.
            await to_thread.run_sync(requests.send, folder, "resume")
            return
        await to_thread.run_sync(waiting.add, self._runs, folder.name)
        self.changed.set()

    async def cancel(self, folder: Path) -> bool:
        """Let a run wait no longer, and delete it where it has not begun; False where it did not wait."""
        name = folder.name
        if name in self._beginning:
            self._unwanted.add(name)
            return True
        return await to_thread.run_sync(self._cancel, folder)

    async def go_on(self) -> None:
        """Let those begin for which there are cores by now; called again and again."""
        async with self._turn:
            if self._has_ended:
                return
            found = await to_thread.run_sync(waiting.places, self._runs)
            # It may have ended meanwhile, and the lead be somebody else's.
            if self._has_ended or not found or not self._leads():
                return
            cores = available_cores()
            at_work = await to_thread.run_sync(self._at_work, cores)
            for name, threads in self._beginning.items():
                at_work.setdefault(name, threads)
            for place in found:
                if place.name in self._beginning:
                    continue
                threads = await to_thread.run_sync(_threads, self._runs / place.name, cores)
                # Nothing is waited for from here to the task's creation: `end` cancels all tasks that there are.
                if self._has_ended:
                    return
                # In their order: a run that needs all cores would else never have them.
                if at_work and sum(at_work.values()) + threads > cores:
                    break
                at_work[place.name] = self._beginning[place.name] = threads
                task = asyncio.create_task(self._begin(place.name))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """Let no more begin; those that wait are there for the next studio."""
        self._has_ended = True
        for task in self._tasks:
            task.cancel()
        if self._lead is not None:
            self._lead.release()
            self._lead = None

    async def _begin(self, name: str) -> None:
        try:
            reason = await self._turn_of(name)
            # While it still counts as beginning: else it would have its turn once more.
            with suppress(RunError):
                await to_thread.run_sync(self._over, name, reason)
            if name in self._unwanted:
                with suppress(Problem, RunError):
                    await to_thread.run_sync(self._take_back, name)
        finally:
            self._beginning.pop(name, None)
            self._unwanted.discard(name)
        self.changed.set()

    async def _turn_of(self, name: str) -> str | None:
        """Let a run begin or go on; why that was not possible, or None."""
        try:
            folder = names.folder(self._runs, names.encoded(name))
            if not await to_thread.run_sync(entry.is_held, folder):
                return await self._trained(folder)
            await to_thread.run_sync(requests.send, folder, "resume")
            await self._taken_up(folder)
        except (Problem, RunError) as problem:
            # It is gone, or has ended by itself meanwhile.
            return str(problem)
        return None

    def _take_back(self, name: str) -> None:
        """Stop what was begun though somebody had canceled it, or delete it."""
        folder = names.folder(self._runs, names.encoded(name))
        if entry.is_held(folder):
            requests.send(folder, "stop")
        else:
            self._cancel(folder)

    async def _trained(self, folder: Path) -> str | None:
        """Give it to a process; why that was not possible, or None."""
        for left in reversed(range(TRIES)):
            try:
                await self._children.resume(folder, lambda: folder.name not in self._unwanted)
                return None
            except Ended as ended:
                if not left:
                    return str(ended)
        return None

    async def _taken_up(self, folder: Path) -> None:
        for _ in range(round(TAKEN_UP_WITHIN / 0.1)):
            if await to_thread.run_sync(_is_at_work, folder):
                return
            await asyncio.sleep(0.1)

    def _over(self, name: str, reason: str | None) -> None:
        """It waits no more."""
        waiting.drop(self._runs, name)
        if reason is not None:
            # A run that went on before says for itself how it is.
            queued.fail(self._runs / name, reason)

    def _enqueue(self, recipes: Sequence[Recipe], pictures: Sequence[Path | None]) -> list[str]:
        made: list[Path] = []
        try:
            for recipe, stored in zip(recipes, pictures, strict=True):
                made.append(queued.enqueue(self._runs, recipe, stored))
                waiting.add(self._runs, made[-1].name)
        except (Problem, RunError):
            # All of them or none.
            for folder in made:
                with suppress(RunError):
                    waiting.drop(self._runs, folder.name)
                    cleaning.delete(entry.read(folder), self._runs)
            raise
        return [folder.name for folder in made]

    def _check(self, folder: Path) -> None:
        found = facts.read(folder)
        model = found["recipe"].get("model") if isinstance(found.get("recipe"), dict) else None
        module = model.get("module") if isinstance(model, dict) else None
        if module is not None:
            raise Problem(
                409,
                "This run trains a network of somebody's own making, and the studio imports nobody's code. Go on in a "
                f"terminal: sfumato resume {folder.name} --module NAME, or in Python: sf.resume(folder, module=net).",
            )
        status = found.get("status")
        if status in ("done", "diverged") and (folder / layout.CURVE).exists():
            raise RunError(f"{folder} must be unfinished to be resumed. Got a run that is {status}.")

    async def _check_picture(self, folder: Path) -> None:
        """Raise Problem where a run that has not begun would read any file that its run.json names."""
        asked = await to_thread.run_sync(queued.read, folder)
        if asked is None or asked.stored is not None:
            return
        try:
            own = await self._children.stored_picture(asked.recipe) is None
        except RecipeError:
            own = False
        if not own:
            raise Problem(
                409,
                "This run names a file of this computer as its picture, and the studio reads none that a run's folder "
                f"names. If you trust it, begin it in a terminal: sfumato resume {folder.name}",
            )

    def _cancel(self, folder: Path) -> bool:
        waited = waiting.drop(self._runs, folder.name)
        found = entry.read(folder)
        if found.state == entry.QUEUED:
            cleaning.delete(found, self._runs)
            return True
        return waited

    def _leads(self) -> bool:
        """Whether no other studio of this user over this folder lets runs begin: it sees no other user's records."""
        if self._lead is None:
            try:
                lock = FolderLock(names.own_folder(self._runs, "leads", seal.seal("lead")[:16]))
                lock.acquire()
            except (Timeout, OSError, Problem):
                return False
            self._lead = lock
        return True

    def _at_work(self, cores: int) -> dict[str, int]:
        """The runs that take cores now, and how many each."""
        own = set(self._children.training)
        found = set(own)
        with suppress(RunError):
            found |= {each.name for each in self._gallery.entries() if each.state in entry.LIVE}
        return {name: _threads(self._runs / name, cores) for name in found if self._takes_cores(name, name in own)}

    def _takes_cores(self, name: str, own: bool) -> bool:
        folder = self._runs / name
        # Looked at anew: the gallery's list may be a moment old.
        state = entry.read(folder).state
        if state == "paused":
            return requests.pending(folder) != "pause"
        # One of ours that is done makes its film yet.
        return own or state == "running"


def _is_at_work(folder: Path) -> bool:
    found = facts.read(folder).get("status")
    return found == "running" and entry.is_held(folder) and requests.pending(folder) != "pause"


def _threads(folder: Path, cores: int) -> int:
    """Cores that a run takes, by its recipe; all of them where it does not say."""
    try:
        threads = facts.read(folder)["recipe"]["threads"]
    except (RunError, KeyError, TypeError):
        return cores
    return min(threads, cores) if type(threads) is int and threads > 0 else cores
