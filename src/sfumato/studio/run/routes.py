"""Answers about one run: what is known of it, its pictures, what happens in it, and what it is asked to do."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.runs import entry, requests
from sfumato.studio.run import curves, events, page, pictures
from sfumato.studio.shared import aside, folder_of, studio_of
from sfumato.studio.web import bodies, names
from sfumato.studio.web.answers import Answer, has, tagged, unchanged
from sfumato.studio.web.problems import Problem


async def show_run(request: Request) -> Response:
    """All about one run."""
    studio, folder = studio_of(request), folder_of(request)
    # By few threads: those that wait for a first look at a long file are not missed elsewhere.
    data = functools.partial(page.data, folder, studio.histories.of(folder))
    return Answer(await to_thread.run_sync(data, limiter=studio.few_read))


async def show_metrics(request: Request) -> Response:
    """Its curves; 304 where the browser has them as they are."""
    studio, folder = studio_of(request), folder_of(request)
    history = studio.histories.of(folder)

    def made() -> Response:
        with history.lock:
            version = curves.version(folder, history)
            if has(request, version):
                return unchanged(version)
            return Answer(curves.data(folder, history), headers=tagged(version))

    return await to_thread.run_sync(made, limiter=studio.few_read)


async def listen(request: Request) -> Response:
    """What happens in it."""
    return events.stream(studio_of(request).watchers, folder_of(request))


def _picture(make: Callable[..., Response], *more: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        arguments = [request.path_params[name] for name in more]
        return await aside(make, request, folder_of(request), *arguments)

    answer.__doc__ = make.__doc__
    return answer


async def own_file(request: Request) -> Response:
    """Its film or curve."""
    return await aside(pictures.own_file, folder_of(request), request.path_params["file"])


async def ask(request: Request) -> Response:
    """Pause, stop or resume it."""
    folder, wish = folder_of(request), request.path_params["wish"]
    if wish not in ("pause", "stop", "resume"):
        raise Problem(404, "There is nothing at this address.")
    await bodies.read(request, bodies.MOST_JSON)
    queue = studio_of(request).queue
    if wish == "resume":
        await queue.resume(folder)
    # One that only waits is not asked to stop, but one that waits, paused, to go on.
    elif not (wish == "stop" and await queue.cancel(folder)) or await aside(entry.is_held, folder):
        await aside(requests.send, folder, wish)
    return Answer({"name": names.encoded(folder.name)}, 202)


_RUN = "/api/runs/{name}"

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
