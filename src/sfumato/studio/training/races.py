"""Several runs at once: the cores are divided among them, and those for which there is no core wait, paused.

Which wait is written in the runs folder, under ``.studio/races``, a file a race: whichever studio looks there lets the
next arm go, also one that began after the studio of the race had ended.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from anyio import to_thread
from pydantic import Field, ValidationError

from sfumato.cores import available_cores
from sfumato.errors import RunError
from sfumato.recipe import Recipe, changed
from sfumato.runs import entry, requests
from sfumato.runs.atomic import remove, write_bytes
from sfumato.studio.training.children import Children
from sfumato.studio.web import names
from sfumato.studio.web.bodies import MOST_ARMS, Body
from sfumato.studio.web.problems import Problem

FOLDER = "races"
_MOST_BYTES = 16_384


class Waiting(Body):
    """What is written of a race as long as an arm of it waits."""

    arms: list[str] = Field(min_length=1, max_length=MOST_ARMS)
    """The names of all runs that have begun."""
    waiting: list[str] = Field(min_length=1, max_length=MOST_ARMS)
    """Of those that wait, the next one first."""
    at_once: int = Field(ge=1, le=MOST_ARMS)
    """Arms for which there are cores."""


class Races:
    """Starts races, and lets the next arm go when one has ended."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._runs = children.runs
        self._lock = threading.Lock()

    async def start(self, recipes: list[Recipe]) -> list[str]:
        """The names of the runs, one an arm, in their order. Raises Problem when one cannot begin."""
        cores = available_cores()
        threads = max(1, cores // len(recipes))
        at_once = max(1, cores // threads)
        record = f"{os.urandom(8).hex()}.json"
        begun: list[str] = []
        for number, recipe in enumerate(recipes):
            divided = changed(recipe, {"threads": threads})
            begun.append(await self._children.paint(divided, paused=number >= at_once))
            if number >= at_once:
                # After each, for the next may fail, or the studio be ended.
                await to_thread.run_sync(self._add, record, list(begun), at_once)
        return begun

    def go_on(self) -> None:
        """Let those go for which there is a core by now; called again and again."""
        try:
            records = [each for each in (self._runs / ".studio" / FOLDER).iterdir() if each.suffix == ".json"]
        except OSError:
            return
        for path in records:
            with self._lock, suppress(RunError):
                if (race := _read(path)) is not None:
                    self._go_on(path, race)

    def _add(self, record: str, begun: list[str], at_once: int) -> None:
        """The last that has begun waits, after those that still do."""
        path = names.own_folder(self._runs, FOLDER) / record
        with self._lock:
            before = _read(path)
            waiting = before.waiting if before else []
            _write(path, Waiting(arms=begun, waiting=[*waiting, begun[-1]], at_once=at_once))

    def _go_on(self, path: Path, race: Waiting) -> None:
        folders = {name: folder for name in race.arms if (folder := self._folder(name)) is not None}
        # Someone may have let one go already, or stopped it, and an arm may have ended with its machine.
        waiting = [
            name
            for name in race.waiting
            if name in folders and requests.asked(folders[name]) == "pause" and entry.is_held(folders[name])
        ]
        running = sum(name not in waiting and entry.is_held(folder) for name, folder in folders.items())
        for _ in range(min(len(waiting), max(0, race.at_once - running))):
            with suppress(RunError):
                requests.ask(folders[waiting.pop(0)], "resume")
        if not waiting:
            remove(path)
        elif waiting != race.waiting:
            _write(path, race.model_copy(update={"waiting": waiting}))

    def _folder(self, name: str) -> Path | None:
        try:
            return names.folder(self._runs, name)
        except Problem:
            return None


def _read(path: Path) -> Waiting | None:
    try:
        with names.file(path.parent, path.name).open("rb") as file:
            return Waiting.model_validate_json(file.read(_MOST_BYTES))
    except (OSError, Problem, ValidationError):
        return None


def _write(path: Path, race: Waiting) -> None:
    write_bytes(path, race.model_dump_json().encode())
