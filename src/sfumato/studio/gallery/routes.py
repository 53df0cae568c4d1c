"""Answers to the gallery: its pages, the small pictures in it, and runs that are deleted from it."""

from __future__ import annotations

import functools

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RunError
from sfumato.runs.entry import printable
from sfumato.studio.gallery import thumbnails
from sfumato.studio.gallery.cards import MOST_PER_PAGE
from sfumato.studio.shared import aside, folder_of, studio_of
from sfumato.studio.web import bodies, names
from sfumato.studio.web.answers import FOR_EVER, Answer, picture
from sfumato.studio.web.bodies import Names
from sfumato.studio.web.problems import Problem


async def list_runs(request: Request) -> Response:
    """A page of the gallery."""
    asked = request.query_params
    number = names.whole(asked.get("page", "1"), 1, 10**9, "page")
    size = names.whole(asked.get("size", "60"), 1, MOST_PER_PAGE, "size")
    words, sort, state = asked.get("words", ""), asked.get("sort", "started"), asked.get("state", "")
    gallery = studio_of(request).gallery
    # By few threads: those that wait for a first look at thousands of runs are not missed elsewhere.
    page = functools.partial(gallery.page, words, sort, state, number, size)
    return Answer(await to_thread.run_sync(page, limiter=gallery.few))


async def delete_runs(request: Request) -> Response:
    """Delete runs, each by itself."""
    studio = studio_of(request)
    asked = await bodies.of(request, Names)
    deleted: list[str] = []
    refused: list[dict[str, str]] = []
    for name in dict.fromkeys(asked.names):
        try:
            await aside(studio.gallery.delete, name)
            deleted.append(name)
        except (Problem, RunError) as error:
            problem = printable(str(error).replace(f"{studio.runs}/", ""))
            refused.append({"name": name, "shown": printable(names.decoded(name)), "problem": problem})
    return Answer({"deleted": deleted, "refused": refused})


async def thumbnail(request: Request) -> Response:
    """Its small picture."""
    folder = folder_of(request)
    data = await aside(thumbnails.read, studio_of(request).runs, folder)
    return picture(request, data, "image/webp", thumbnails.version(folder) or "", FOR_EVER)


ROUTES = [
    Route("/api/runs", list_runs),
    Route("/api/runs/delete", delete_runs, methods=["POST"]),
    Route("/api/runs/{name}/thumbnail.webp", thumbnail),
]
