"""Routes of sweeps: their list, one with what it has tried, single configurations, and their paintings."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.runs.files import read_bytes
from sfumato.studio.state import in_thread, json_in_thread, studio_of
from sfumato.studio.sweeps import page
from sfumato.studio.web import responses, run_paths
from sfumato.studio.web.errors import Problem
from sfumato.studio.web.responses import has_version, not_modified, version_headers

MAX_BYTES = 4_000_000
"""Bytes of a painting, whose longer side has at most `MAX_SIDE` pixels."""
MAX_SIDE = 2048
MAX_NUMBER = 10**9

_SWEEP = "/api/sweeps/{name}"


async def list_sweeps(request: Request) -> Response:
    """List the sweeps."""
    sweeps = studio_of(request).sweeps
    return await json_in_thread(sweeps.lines, limiter=sweeps.limiter)


async def show_sweep(request: Request) -> Response:
    """Return the data of a sweep's page; 304 if the browser has the current version."""
    sweeps = studio_of(request).sweeps

    def made() -> Response:
        version, body = sweeps.page(sweeps.folder(request.path_params["name"]))
        if has_version(request, version):
            return not_modified(version)
        return Response(body, media_type="application/json", headers=version_headers(version))

    return await in_thread(made, limiter=sweeps.limiter)


async def show_configurations(request: Request) -> Response:
    """Return single configurations in full."""
    sweeps = studio_of(request).sweeps
    texts = request.query_params.get("numbers", "").split(",")
    if len(texts) > page.MAX_DETAILS:
        raise Problem(422, f"numbers must be at most {page.MAX_DETAILS}. Got {len(texts):,}.")
    numbers = [run_paths.parse_int(text, 0, MAX_NUMBER, "a configuration") for text in texts]
    folder = await in_thread(sweeps.folder, request.path_params["name"])
    return await json_in_thread(page.details, folder, numbers, limiter=sweeps.limiter)


async def show_painting(request: Request) -> Response:
    """Return the painting of a configuration."""
    sweeps = studio_of(request).sweeps
    number = run_paths.parse_int(request.path_params["number"], 0, MAX_NUMBER, "a configuration")
    folder = await in_thread(sweeps.folder, request.path_params["name"])
    data, version = await in_thread(_painting, page.painting(folder, number))
    return responses.picture(request, data, "image/png", version, responses.REVALIDATE)


def _painting(path: Path) -> tuple[bytes, str]:
    try:
        modified = path.stat().st_mtime_ns
        data = read_bytes(path, MAX_BYTES)
    except OSError:
        raise Problem(404, "There is no painting of this configuration.") from None
    # A small file may be a huge picture, which the browser would unpack.
    sides = [int.from_bytes(data[start : start + 4]) for start in (16, 20)]
    if data[:8] != b"\x89PNG\r\n\x1a\n" or not all(0 < side <= MAX_SIDE for side in sides):
        raise Problem(409, "The painting of this configuration cannot be shown: it is none that a sweep has written.")
    return data, f"{modified:x}-{len(data):x}"


ROUTES = [
    Route("/api/sweeps", list_sweeps),
    Route(_SWEEP, show_sweep),
    Route(f"{_SWEEP}/configurations", show_configurations),
    Route(f"{_SWEEP}/paintings/{{number}}.png", show_painting),
]
