"""Routes of the inspector: layers and units of a network, and tiles of its painting at any magnification."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.studio.inspector import tile_range
from sfumato.studio.inspector.networks import step_of
from sfumato.studio.state import folder_of, in_thread, studio_of
from sfumato.studio.web import run_paths
from sfumato.studio.web.responses import SafeJSONResponse

MAX_SIZE = 1024
"""Pixels of the longer side of a unit's picture; the page shows 512."""

_RUN = "/api/runs/{name}"
_LAYER = f"{_RUN}/layers/{{layer}}"
_UNIT = f"{_LAYER}/units/{{unit}}"


def _inspect(what: str, *, picture: bool) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        folder, query, networks = folder_of(request), request.query_params, studio_of(request).networks
        path = request.path_params
        order: dict[str, Any] = {"what": what, "step": await in_thread(step_of, folder, query.get("step"))}
        if "layer" in path:
            order["layer"] = run_paths.parse_int(path["layer"], 1, 1000, "the layer")
        if "unit" in path:
            order["unit"] = run_paths.parse_int(path["unit"], 0, 10**6, "the unit")
        if what in ("layer", "sheet") and "by" in query:
            order["by"] = await in_thread(step_of, folder, query["by"])
        if what == "unit_picture":
            order["size"] = run_paths.parse_int(query.get("size", "512"), 16, MAX_SIZE, "size")
        if what == "tile":
            order["zoom"] = run_paths.parse_int(
                path["zoom"], tile_range.LEAST_ZOOM, tile_range.LARGEST_ZOOM, "the zoom"
            )
            limit = tile_range.reach(order["zoom"])
            order |= {side: run_paths.parse_int(path[side], -limit, limit, f"the {side}") for side in ("row", "column")}
        if picture:
            return await networks.picture(request, folder, order)
        found = await networks.data(request, folder, order)
        if what == "layer":
            by = f"&by={order['by']}" if "by" in order else ""
            at = f"/api/runs/{run_paths.in_url(folder.name)}/layers/{order['layer']}"
            found["sheet"] = f"{at}/sheet.png?step={order['step']}{by}"
        return SafeJSONResponse({"step": order["step"], **found})

    return answer


ROUTES = [
    Route(_LAYER, _inspect("layer", picture=False)),
    Route(f"{_LAYER}/sheet.png", _inspect("sheet", picture=True)),
    Route(f"{_UNIT}.png", _inspect("unit_picture", picture=True)),
    Route(_UNIT, _inspect("unit", picture=False)),
    Route(f"{_RUN}/ranks", _inspect("ranks", picture=False)),
    Route(f"{_RUN}/histograms", _inspect("histograms", picture=False)),
    Route(f"{_RUN}/tiles/{{zoom}}/{{row}}/{{column}}.png", _inspect("tile", picture=True)),
]
