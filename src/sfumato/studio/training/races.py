"""Several runs at once: the cores are divided among them, and those for which there is no core wait, paused."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from sfumato.errors import RunError
from sfumato.recipe import Recipe, changed
from sfumato.runs import entry, requests
from sfumato.studio.training.children import Children

LOOK_EVERY = 0.5


class Races:
    """Starts races, and lets the next arm go when one has ended."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, recipes: list[Recipe]) -> list[str]:
        """The names of the runs, one an arm, in their order. Raises Problem when one cannot begin."""
        cores = _cores()
        threads = max(1, cores // len(recipes))
        at_once = max(1, cores // threads)
        names: list[str] = []
        for number, recipe in enumerate(recipes):
            divided = changed(recipe, {"threads": threads})
            names.append(await self._children.paint(divided, paused=number >= at_once))
        if len(names) > at_once:
            task = asyncio.create_task(self._go_on([self._children.runs / name for name in names], at_once))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return names

    def end(self) -> None:
        """Arms that still wait stay paused; resume lets them go."""
        for task in self._tasks:
            task.cancel()

    async def _go_on(self, folders: list[Path], at_once: int) -> None:
        running, waiting = folders[:at_once], folders[at_once:]
        while waiting:
            await asyncio.sleep(LOOK_EVERY)
            running = [folder for folder in running if entry.is_held(folder)]
            # Someone may have let it go already, or stopped it.
            waiting = [folder for folder in waiting if requests.asked(folder) == "pause"]
            while waiting and len(running) < at_once:
                folder = waiting.pop(0)
                with suppress(RunError):
                    requests.ask(folder, "resume")
                    running.append(folder)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
