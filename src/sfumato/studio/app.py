"""The studio's addresses, joined into one application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sfumato.studio.experiments import routes as experiments
from sfumato.studio.form import routes as form
from sfumato.studio.gallery import routes as gallery
from sfumato.studio.inspector import routes as inside
from sfumato.studio.run import routes as run
from sfumato.studio.shared import Studio, aside, studio_of
from sfumato.studio.web import answers, shell
from sfumato.studio.web.guard import Guard, Rules
from sfumato.studio.web.problems import HANDLERS

PAGES = ("/", "/new", "/race", "/experiments", "/runs/{name}", "/runs/{name}/layers", "/runs/{name}/zoom")
"""All served by the same shell."""


def create(
    runs: Path, rules: Rules | None = None, *, experiments_folder: Path = Path("experiments"), warm: bool = True
) -> Starlette:
    """The application. ``warm=False`` starts no child before it is asked for something, for tests of the rest."""
    studio = Studio(runs, experiments_folder, rules or Rules())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        house = asyncio.create_task(studio.maintain()) if warm else None
        try:
            yield
        finally:
            if house is not None:
                house.cancel()
            studio.end()

    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(Guard, rules=studio.rules),
            # Events and pictures are left as they are. The one secret that is sent is in the shell, and nothing that a
            # stranger can choose stands beside it: how far it is compressed tells nothing.
            Middleware(GZipMiddleware, minimum_size=answers.COMPRESSED_FROM, compresslevel=answers.COMPRESSION_LEVEL),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    # Starlette would redirect to a whole address, with the scheme and the host by which a proxy asks.
    app.router.redirect_slashes = False
    app.state.studio = studio
    return app


async def page(request: Request) -> Response:
    """The shell, at every address of a page."""
    return shell.page(studio_of(request).rules.page_token, request.scope["root_path"])


async def without_slash(request: Request) -> Response:
    """Redirect to the page whose address somebody typed with a slash at its end."""
    query = request.url.query
    return RedirectResponse(quote(request.scope["path"].rstrip("/")) + (f"?{query}" if query else ""))


async def asset(request: Request) -> Response:
    """A file of the page."""
    return await aside(shell.asset, request, request.path_params["name"])


ROUTES = [
    *(Route(path, page) for path in PAGES),
    *(Route(f"{path}/", without_slash) for path in PAGES if path != "/"),
    Route("/assets/{name:path}", asset),
    *experiments.ROUTES,
    *form.ROUTES,
    *gallery.ROUTES,
    *run.ROUTES,
    *inside.ROUTES,
]
