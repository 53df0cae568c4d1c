"""The state that all requests share, and access to it."""

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
from sfumato.studio.form import requested_recipe, uploads
from sfumato.studio.form.previews import UploadPreviews
from sfumato.studio.form.uploads import Uploads
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.inspector.networks import Networks
from sfumato.studio.run.history import Histories
from sfumato.studio.run.watcher import Watchers
from sfumato.studio.sweeps.listing import Sweeps
from sfumato.studio.training.queue import Queue
from sfumato.studio.training.worker_pool import WorkerPool
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem, unexpected
from sfumato.studio.web.guard import Rules
from sfumato.studio.web.responses import SafeJSONResponse

T = TypeVar("T")

MAINTENANCE_INTERVAL = 0.5


class Studio:
    """The state that all requests share."""

    def __init__(self, runs: Path, experiments: Path, sweeps: Path, rules: Rules) -> None:
        self.runs = runs
        self.experiments = experiments
        self.sweeps = Sweeps(sweeps)
        self.rules = rules
        self.gallery = Gallery(runs)
        self.watchers = Watchers()
        self.histories = Histories()
        self.metrics_limiter = CapacityLimiter(2)
        """Limits the threads that read runs' metrics."""
        self.workers = WorkerPool(runs, functools.partial(requested_recipe.run_with_picture, gallery=self.gallery))
        self.networks = Networks(runs)
        self.queue = Queue(self.workers, self.gallery)
        self.uploads = Uploads(runs)
        self.upload_previews = UploadPreviews(runs, self.uploads.one_at_a_time)

    async def maintain(self) -> None:
        """Maintain the worker pool and the queue, for ever: one idle worker stays warm for the form, and others end."""
        await in_thread(uploads.sweep, self.runs)
        last_error = ""
        while True:
            try:
                await self._maintain_once()
            except Exception as error:
                # A bug. Without maintenance no run would ever start, and nobody would know why.
                if repr(error) != last_error:
                    unexpected("maintenance", error)
                last_error = repr(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.queue.changed.wait(), MAINTENANCE_INTERVAL)
            self.queue.changed.clear()

    async def _maintain_once(self) -> None:
        # With a full or read-only disk, no worker can start before a request reports the error.
        with suppress(Problem, OSError):
            self.workers.reap()
        self.networks.stop_if_idle()
        with suppress(Problem, SfumatoError, OSError):
            await self.queue.start_next()
        if not self.queue.is_starting:
            self.workers.trim()

    def end(self) -> None:
        """Stop everything but the runs that train."""
        self.queue.end()
        self.workers.end()
        self.networks.end()
        self.uploads.end()


def studio_of(request: Request) -> Studio:
    """Return the studio of a request."""
    return request.app.state.studio


def folder_of(request: Request) -> Path:
    """Return the folder of the run in the path. Raise Problem if there is none."""
    return run_paths.folder(studio_of(request).runs, request.path_params["name"])


async def in_thread(work: Callable[..., T], *arguments: Any, limiter: CapacityLimiter | None = None) -> T:
    """Run work that reads files or computes on a thread, so that other requests do not wait for it.

    A limiter keeps long work from using up the threads of all others.
    """
    return await to_thread.run_sync(work, *arguments, limiter=limiter)


async def json_in_thread(
    work: Callable[..., Any], *arguments: Any, limiter: CapacityLimiter | None = None
) -> SafeJSONResponse:
    """Run work on a thread, and encode there what it returns, which may be long."""
    return await in_thread(lambda: SafeJSONResponse(work(*arguments)), limiter=limiter)
