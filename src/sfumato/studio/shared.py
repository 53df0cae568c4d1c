"""What all answers share, and how they come by it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from sfumato.errors import SfumatoError
from sfumato.studio.form import uploads, wanted
from sfumato.studio.form.chosen import SmallPictures
from sfumato.studio.form.uploads import Uploads
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.inspector.networks import Networks
from sfumato.studio.run.history import Histories
from sfumato.studio.run.watching import Watchers
from sfumato.studio.training.queue import Queue
from sfumato.studio.training.worker_pool import WorkerPool
from sfumato.studio.web import names
from sfumato.studio.web.guard import Rules
from sfumato.studio.web.problems import Problem, unforeseen

T = TypeVar("T")

HOUSEKEEPING_EVERY = 0.5


class Studio:
    """What all answers share."""

    def __init__(self, runs: Path, experiments: Path, rules: Rules) -> None:
        self.runs = runs
        self.experiments = experiments
        self.rules = rules
        self.gallery = Gallery(runs)
        self.watchers = Watchers()
        self.histories = Histories()
        self.few_read = CapacityLimiter(2)
        """Of those who ask for what is in a run's metrics."""
        self.children = WorkerPool(runs, functools.partial(wanted.checked_picture, gallery=self.gallery))
        self.networks = Networks(runs)
        self.queue = Queue(self.children, self.gallery)
        self.uploads = Uploads(runs)
        self.small_pictures = SmallPictures(runs, self.uploads.one_at_a_time)

    async def maintain(self) -> None:
        """See to the children and the queue, for ever: one child is warm for whoever has the form, and others go."""
        await aside(uploads.sweep, self.runs)
        said = ""
        while True:
            try:
                await self._tidied()
            except Exception as error:
                # A mistake of ours. Without housekeeping no run would ever begin, and nobody would know why.
                if repr(error) != said:
                    unforeseen("housekeeping", error)
                said = repr(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.queue.changed.wait(), HOUSEKEEPING_EVERY)
            self.queue.changed.clear()

    async def _tidied(self) -> None:
        # On a full disk or a folder that may not be written, there is no child to be had before someone asks.
        with suppress(Problem, OSError):
            self.children.reap()
        self.networks.stop_if_idle()
        with suppress(Problem, SfumatoError, OSError):
            await self.queue.go_on()
        if not self.queue.is_beginning:
            self.children.spare()

    def end(self) -> None:
        """Let everything go but the runs that train."""
        self.queue.end()
        self.children.end()
        self.networks.end()
        self.uploads.end()


def studio_of(request: Request) -> Studio:
    """The studio that is asked."""
    return request.app.state.studio


def folder_of(request: Request) -> Path:
    """The folder of the run in the address. Raises Problem where there is none."""
    return names.folder(studio_of(request).runs, request.path_params["name"])


async def aside(work: Callable[..., T], *arguments: Any) -> T:
    """Work that reads files or computes, on a thread of its own: other answers do not wait for it."""
    return await to_thread.run_sync(work, *arguments)
