"""Routes of one run: its facts, pictures, stream of events, and requests to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.runs import entry, requests
from sfumato.studio.run import curves, page, pictures
from sfumato.studio.run.watcher import Watchers
from sfumato.studio.state import folder_of, in_thread, json_in_thread, studio_of
from sfumato.studio.web import request_bodies, run_paths
from sfumato.studio.web.errors import Problem
from sfumato.studio.web.responses import SafeJSONResponse, has_version, not_modified, version_headers

HEARTBEAT = 15
"""Seconds between comments, so that proxies between server and page keep the connection open."""

_RUN = "/api/runs/{name}"


def stream(watchers: Watchers, folder: Path) -> Response:
    """Return server-sent events: ``state`` first, then ``line``, ``live``, ``frame``, ``moment``, and ``state``."""
    ends = anyio.Event()
    return EventSourceResponse(
        watchers.listen(folder, ends),
        ping=HEARTBEAT,
        headers={"Cache-Control": "no-store"},
        # A stream that ends as intended leaves no error on the terminal.
        shutdown_event=ends,
        shutdown_grace_period=1.0,
    )


async def show_run(request: Request) -> Response:
    """Return the data of a run's page."""
    studio, folder = studio_of(request), folder_of(request)
    # Limit the threads: first reads of long files must not use up those of other requests.
    return await json_in_thread(page.data, folder, studio.histories.of(folder), limiter=studio.metrics_limiter)


async def show_metrics(request: Request) -> Response:
    """Return a run's curves; 304 if the browser has the current version."""
    studio, folder = studio_of(request), folder_of(request)
    history = studio.histories.of(folder)

    def made() -> Response:
        with history.lock:
            version = curves.version(folder, history)
            if has_version(request, version):
                return not_modified(version)
            return SafeJSONResponse(curves.data(folder, history), headers=version_headers(version))

    return await in_thread(made, limiter=studio.metrics_limiter)


async def listen(request: Request) -> Response:
    """Stream a run's events."""
    return stream(studio_of(request).watchers, folder_of(request))


def _picture(make: Callable[..., Response], *more: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        arguments = [request.path_params[name] for name in more]
        return await in_thread(make, request, folder_of(request), *arguments)

    answer.__doc__ = make.__doc__
    return answer


async def own_file(request: Request) -> Response:
    """Return a run's film or curve."""
    return await in_thread(pictures.own_file, folder_of(request), request.path_params["file"])


async def ask(request: Request) -> Response:
    """Pause, stop, or resume a run."""
    folder, wish = folder_of(request), request.path_params["wish"]
    if wish not in ("pause", "stop", "resume"):
        raise Problem(404, "There is nothing at this address.")
    await request_bodies.read(request, request_bodies.MAX_JSON)
    queue = studio_of(request).queue
    if wish == "resume":
        await queue.resume(folder)
    # A run that only waits in the queue is canceled; a paused one that waits to resume is asked to stop as well.
    elif not (wish == "stop" and await queue.cancel(folder)) or await in_thread(entry.is_held, folder):
        await in_thread(requests.send, folder, wish)
    return SafeJSONResponse({"name": run_paths.encode(folder.name)}, 202)


ROUTES = [
    Route(_RUN, show_run),
    Route(f"{_RUN}/metrics", show_metrics),
    Route(f"{_RUN}/events", listen),
    Route(f"{_RUN}/target.png", _picture(pictures.target_png)),
    Route(f"{_RUN}/painting.png", _picture(pictures.painting_png)),
    Route(f"{_RUN}/live.jpg", _picture(pictures.live_jpg)),
    Route(f"{_RUN}/frames/{{step}}.png", _picture(pictures.frame_png, "step")),
    Route(f"{_RUN}/errors/{{step}}.png", _picture(pictures.error_png, "step")),
    Route(f"{_RUN}/files/{{file}}", own_file),
    Route(f"{_RUN}/{{wish}}", ask, methods=["POST"]),
]
