"""The studio's addresses, each with what answers it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RunError
from sfumato.runs import entry, requests
from sfumato.studio import (
    bodies,
    curves,
    describing,
    events,
    form,
    names,
    pictures,
    run_page,
    shell,
    thumbnails,
    wanted,
)
from sfumato.studio.answers import FOR_EVER, Answer, picture
from sfumato.studio.bodies import Names, NewRun
from sfumato.studio.gallery import MOST_A_PAGE, Gallery
from sfumato.studio.guard import Guard, Rules
from sfumato.studio.problems import HANDLERS, Problem
from sfumato.studio.starting import Children
from sfumato.studio.watching import Watchers

T = TypeVar("T")

PAGES = ("/", "/new", "/race", "/experiments", "/runs/{name}", "/runs/{name}/layers", "/runs/{name}/zoom")
"""All served by the same shell."""


class Studio:
    """What all answers share."""

    def __init__(self, runs: Path, experiments: Path, rules: Rules) -> None:
        self.runs = runs
        self.experiments = experiments
        self.rules = rules
        self.gallery = Gallery(runs)
        self.watchers = Watchers()
        self.children = Children(runs)


def create(
    runs: Path, rules: Rules | None = None, *, experiments: Path = Path("experiments"), warm: bool = True
) -> Starlette:
    """The application. ``warm=False`` starts no child before it is needed, for tests of the rest."""
    studio = Studio(runs, experiments, rules or Rules())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if warm:
            studio.children.begin()
        try:
            yield
        finally:
            studio.children.end()

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Guard, rules=studio.rules)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.studio = studio
    return app


def _studio(request: Request) -> Studio:
    return request.app.state.studio


def _folder(request: Request) -> Path:
    return names.folder(_studio(request).runs, request.path_params["name"])


async def _aside(work: Callable[..., T], *arguments: Any) -> T:
    """Work that reads files or computes, on a thread of its own: other answers do not wait for it."""
    return await to_thread.run_sync(work, *arguments)


async def page(request: Request) -> Response:
    """The shell, at every address of a page."""
    return shell.page(_studio(request).rules.page_token)


async def asset(request: Request) -> Response:
    """A file of the page."""
    return await _aside(shell.asset, request, request.path_params["name"])


async def list_runs(request: Request) -> Response:
    """A page of the gallery."""
    asked = request.query_params
    number = names.whole(asked.get("page", "1"), 1, 10**9, "page")
    size = names.whole(asked.get("size", "60"), 1, MOST_A_PAGE, "size")
    words, sort, state = asked.get("words", ""), asked.get("sort", "started"), asked.get("state", "")
    return Answer(await _aside(_studio(request).gallery.page, words, sort, state, number, size))


async def start_run(request: Request) -> Response:
    """Begin a run."""
    studio = _studio(request)
    asked = await bodies.of(request, NewRun)
    recipe = wanted.recipe(asked, asked.picture)
    await _aside(wanted.checked_picture, recipe, studio.gallery)
    return Answer({"name": await studio.children.paint(recipe)}, 201)


async def delete_runs(request: Request) -> Response:
    """Delete runs, each by itself."""
    studio = _studio(request)
    asked = await bodies.of(request, Names)
    deleted: list[str] = []
    refused: list[dict[str, str]] = []
    for name in dict.fromkeys(asked.names):
        try:
            await _aside(studio.gallery.delete, name)
            deleted.append(name)
        except (Problem, RunError) as error:
            refused.append({"name": name, "problem": str(error)})
    return Answer({"deleted": deleted, "refused": refused})


async def show_run(request: Request) -> Response:
    """All about one run."""
    return Answer(await _aside(run_page.data, _studio(request).runs, request.path_params["name"]))


async def show_metrics(request: Request) -> Response:
    """Its curves."""
    return Answer(await _aside(curves.data, _folder(request)))


async def listen(request: Request) -> Response:
    """What happens in it."""
    return events.stream(_studio(request).watchers, _folder(request))


async def thumbnail(request: Request) -> Response:
    """Its small picture."""
    folder = _folder(request)
    data = await _aside(thumbnails.read, _studio(request).runs, folder)
    return picture(request, data, "image/webp", thumbnails.version(folder) or "", FOR_EVER)


def _picture(make: Callable[..., Response], *more: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        arguments = [request.path_params[name] for name in more]
        return await _aside(make, request, _folder(request), *arguments)

    answer.__doc__ = make.__doc__
    return answer


async def own_file(request: Request) -> Response:
    """Its film or curve."""
    return await _aside(pictures.own_file, _folder(request), request.path_params["file"])


async def ask(request: Request) -> Response:
    """Pause, stop or resume it."""
    folder, wish = _folder(request), request.path_params["wish"]
    if wish not in ("pause", "stop", "resume"):
        raise Problem(404, "There is nothing at this address.")
    await bodies.read(request, bodies.MOST_JSON)
    if wish == "resume" and not await _aside(entry.is_held, folder):
        await _studio(request).children.resume(folder)
    else:
        await _aside(requests.ask, folder, wish)
    return Answer({"name": folder.name}, 202)


async def show_form(_: Request) -> Response:
    """What can be asked for."""
    return Answer(await _aside(form.data))


async def describe(request: Request) -> Response:
    """What a recipe comes to."""
    asked = await bodies.of(request, NewRun)
    return Answer(await _aside(describing.data, asked, _studio(request).runs, asked.picture))


async def check(request: Request) -> Response:
    """Whether a recipe will learn."""
    studio = _studio(request)
    asked = await bodies.of(request, NewRun)
    recipe = wanted.recipe(asked, asked.picture)
    await _aside(wanted.checked_picture, recipe, studio.gallery)
    return Answer(await studio.children.check(recipe))


_RUN = "/api/runs/{name}"

ROUTES = [
    *(Route(path, page) for path in PAGES),
    Route("/assets/{name:path}", asset),
    Route("/api/runs", list_runs),
    Route("/api/runs", start_run, methods=["POST"]),
    Route("/api/runs/delete", delete_runs, methods=["POST"]),
    Route("/api/form", show_form),
    Route("/api/describe", describe, methods=["POST"]),
    Route("/api/check", check, methods=["POST"]),
    Route(_RUN, show_run),
    Route(f"{_RUN}/metrics", show_metrics),
    Route(f"{_RUN}/events", listen),
    Route(f"{_RUN}/thumbnail.webp", thumbnail),
    Route(f"{_RUN}/target.png", _picture(pictures.target_png)),
    Route(f"{_RUN}/painting.png", _picture(pictures.painting_png)),
    Route(f"{_RUN}/live.jpg", _picture(pictures.live_jpg)),
    Route(f"{_RUN}/frames/{{step}}.png", _picture(pictures.frame_png, "step")),
    Route(f"{_RUN}/errors/{{step}}.png", _picture(pictures.error_png, "step")),
    Route(f"{_RUN}/files/{{file}}", own_file),
    Route(f"{_RUN}/{{wish}}", ask, methods=["POST"]),
]
