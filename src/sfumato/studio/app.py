"""The studio's application, with all routes."""

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
from sfumato.studio.inspector import routes as inspector
from sfumato.studio.run import routes as run
from sfumato.studio.state import Studio, in_thread, studio_of
from sfumato.studio.sweeps import routes as sweeps
from sfumato.studio.web import responses, shell
from sfumato.studio.web.errors import HANDLERS
from sfumato.studio.web.guard import Guard, Rules

PAGES = (
    "/",
    "/new",
    "/race",
    "/experiments",
    "/sweeps/{name}",
    "/runs/{name}",
    "/runs/{name}/layers",
    "/runs/{name}/zoom",
)
"""Paths of pages, which the same HTML shell serves."""


def create(
    runs: Path,
    rules: Rules | None = None,
    *,
    experiments_folder: Path = Path("experiments"),
    sweeps_folder: Path = Path("sweeps"),
    warm: bool = True,
) -> Starlette:
    """Return the application. With ``warm=False`` no worker starts before a request needs one, as some tests want."""
    studio = Studio(runs, experiments_folder, sweeps_folder, rules or Rules())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        maintenance = asyncio.create_task(studio.maintain()) if warm else None
        try:
            yield
        finally:
            if maintenance is not None:
                maintenance.cancel()
            studio.end()

    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(Guard, rules=studio.rules),
            # Event streams and pictures are not compressed. The one secret that is sent is in the shell, next to
            # nothing that an attacker can choose, so that the compressed size reveals nothing about it.
            Middleware(
                GZipMiddleware, minimum_size=responses.COMPRESSED_FROM, compresslevel=responses.COMPRESSION_LEVEL
            ),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    # Starlette would redirect to an absolute URL, with the scheme and host of the proxy's own request.
    app.router.redirect_slashes = False
    app.state.studio = studio
    return app


async def page(request: Request) -> Response:
    """Return the HTML shell, at the path of every page."""
    return shell.page(studio_of(request).rules.page_token, request.scope["root_path"])


async def without_slash(request: Request) -> Response:
    """Redirect a path with a trailing slash to the page without it."""
    query = request.url.query
    return RedirectResponse(quote(request.scope["path"].rstrip("/")) + (f"?{query}" if query else ""))


async def asset(request: Request) -> Response:
    """Return a static file of the page."""
    return await in_thread(shell.asset, request, request.path_params["name"])


ROUTES = [
    *(Route(path, page) for path in PAGES),
    *(Route(f"{path}/", without_slash) for path in PAGES if path != "/"),
    Route("/assets/{name:path}", asset),
    *experiments.ROUTES,
    *sweeps.ROUTES,
    *form.ROUTES,
    *gallery.ROUTES,
    *run.ROUTES,
    *inspector.ROUTES,
]
