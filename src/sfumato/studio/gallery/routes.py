"""Routes of the gallery: its pages, thumbnails, and the deletion of runs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RunError
from sfumato.runs.entry import printable
from sfumato.studio.gallery import thumbnails
from sfumato.studio.gallery.cards import MAX_PER_PAGE
from sfumato.studio.state import folder_of, in_thread, json_in_thread, studio_of
from sfumato.studio.web import request_bodies, run_paths
from sfumato.studio.web.errors import Problem
from sfumato.studio.web.request_bodies import DeleteRuns
from sfumato.studio.web.responses import IMMUTABLE, SafeJSONResponse, picture


async def list_runs(request: Request) -> Response:
    """Return a page of the gallery."""
    query = request.query_params
    number = run_paths.parse_int(query.get("page", "1"), 1, 10**9, "page")
    size = run_paths.parse_int(query.get("size", "60"), 1, MAX_PER_PAGE, "size")
    words, sort, state = query.get("words", ""), query.get("sort", "started"), query.get("state", "")
    gallery = studio_of(request).gallery
    # Limit the threads: first reads of thousands of runs must not use up those of other requests.
    return await json_in_thread(gallery.page, words, sort, state, number, size, limiter=gallery.limiter)


async def delete_runs(request: Request) -> Response:
    """Delete runs; one that cannot be deleted does not keep the others."""
    studio = studio_of(request)
    body = await request_bodies.parse(request, DeleteRuns)
    deleted: list[str] = []
    refused: list[dict[str, str]] = []
    for name in dict.fromkeys(body.names):
        try:
            await in_thread(studio.gallery.delete, name)
            deleted.append(name)
        except (Problem, RunError) as error:
            problem = printable(str(error).replace(f"{studio.runs}/", ""))
            refused.append({"name": name, "shown": printable(run_paths.decode(name)), "problem": problem})
    return SafeJSONResponse({"deleted": deleted, "refused": refused})


async def thumbnail(request: Request) -> Response:
    """Return a run's thumbnail."""
    folder = folder_of(request)
    data = await in_thread(thumbnails.read, studio_of(request).runs, folder)
    return picture(request, data, "image/webp", thumbnails.version(folder) or "", IMMUTABLE)


ROUTES = [
    Route("/api/runs", list_runs),
    Route("/api/runs/delete", delete_runs, methods=["POST"]),
    Route("/api/runs/{name}/thumbnail.webp", thumbnail),
]
