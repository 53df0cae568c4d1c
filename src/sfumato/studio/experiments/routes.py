"""Routes of experiments."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.studio.experiments import listing
from sfumato.studio.shared import in_thread, studio_of
from sfumato.studio.web.answers import SafeJSONResponse


async def list_experiments(request: Request) -> Response:
    """List the experiments."""
    studio = studio_of(request)
    return SafeJSONResponse(await listing.summaries(request, studio.experiments, studio.networks))


async def report(request: Request) -> Response:
    """Return an experiment's report."""
    return await in_thread(listing.report, studio_of(request).experiments, request.path_params["name"])


ROUTES = [
    Route("/api/experiments", list_experiments),
    Route("/experiments/{name}/report", report),
]
