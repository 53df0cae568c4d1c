"""Answers about experiments."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.studio.experiments import listing
from sfumato.studio.shared import aside, studio_of
from sfumato.studio.web.answers import Answer


async def list_experiments(request: Request) -> Response:
    """What was compared."""
    studio = studio_of(request)
    return Answer(await listing.listed(request, studio.experiments, studio.networks))


async def report(request: Request) -> Response:
    """An experiment's report."""
    return await aside(listing.report, studio_of(request).experiments, request.path_params["name"])


ROUTES = [
    Route("/api/experiments", list_experiments),
    Route("/experiments/{name}/report", report),
]
