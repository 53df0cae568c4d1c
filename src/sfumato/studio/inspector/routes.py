"""Answers about networks themselves: their layers and units, and any part of what they paint at any magnification."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.studio.inspector import tile_places
from sfumato.studio.inspector.networks import step_of
from sfumato.studio.shared import folder_of, studio_of
from sfumato.studio.web import names
from sfumato.studio.web.answers import Answer


def _looked_into(what: str, *, picture: bool) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        folder, asked, networks = folder_of(request), request.query_params, studio_of(request).networks
        given = request.path_params
        order: dict[str, Any] = {"what": what, "step": step_of(folder, asked.get("step"))}
        if "layer" in given:
            order["layer"] = names.whole(given["layer"], 1, 1000, "the layer")
        if "unit" in given:
            order["unit"] = names.whole(given["unit"], 0, 10**6, "the unit")
        if what in ("layer", "sheet") and "by" in asked:
            order["by"] = step_of(folder, asked["by"])
        if what == "unit_picture":
            order["size"] = names.whole(asked.get("size", "512"), 16, 2048, "size")
        if what == "tile":
            order["zoom"] = names.whole(given["zoom"], tile_places.LEAST_ZOOM, tile_places.LARGEST_ZOOM, "the zoom")
            most = tile_places.reach(order["zoom"])
            order |= {side: names.whole(given[side], -most, most, f"the {side}") for side in ("row", "column")}
        if picture:
            return await networks.picture(request, folder, order)
        found = await networks.data(request, folder, order)
        if what == "layer":
            by = f"&by={order['by']}" if "by" in order else ""
            at = f"/api/runs/{names.in_address(folder.name)}/layers/{order['layer']}"
            found["sheet"] = f"{at}/sheet.png?step={order['step']}{by}"
        return Answer({"step": order["step"], **found})

    return answer


_RUN = "/api/runs/{name}"
_LAYER = f"{_RUN}/layers/{{layer}}"
_UNIT = f"{_LAYER}/units/{{unit}}"

ROUTES = [
    Route(_LAYER, _looked_into("layer", picture=False)),
    Route(f"{_LAYER}/sheet.png", _looked_into("sheet", picture=True)),
    Route(f"{_UNIT}.png", _looked_into("unit_picture", picture=True)),
    Route(_UNIT, _looked_into("unit", picture=False)),
    Route(f"{_RUN}/ranks", _looked_into("ranks", picture=False)),
    Route(f"{_RUN}/histograms", _looked_into("histograms", picture=False)),
    Route(f"{_RUN}/tiles/{{zoom}}/{{row}}/{{column}}.png", _looked_into("tile", picture=True)),
]
