"""The studio's routes as an OpenAPI description, made from the routes, so that new ones are tested too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from starlette.routing import Route

from sfumato.studio import app
from sfumato.studio.web.request_bodies import Check, DeletePicture, DeleteRuns, NewRun, Race

BODIES: Mapping[str, type[BaseModel] | None] = {
    "/api/runs": NewRun,
    "/api/runs/delete": DeleteRuns,
    "/api/describe": NewRun,
    "/api/check": Check,
    "/api/race": Race,
    "/api/pictures": None,
    "/api/pictures/delete": DeletePicture,
    "/api/runs/{name}/{wish}": None,
}
"""The body of each POST: JSON of a model, or any bytes."""

QUERIES = {
    "/api/picture": ("source",),
    "/api/picture.webp": ("source",),
    "/api/runs": ("words", "sort", "state", "page", "size"),
    "/api/sweeps/{name}/configurations": ("numbers",),
    "/api/runs/{name}/layers/{layer}": ("step", "by"),
    "/api/runs/{name}/layers/{layer}/sheet.png": ("step", "by"),
    "/api/runs/{name}/layers/{layer}/units/{unit}": ("step",),
    "/api/runs/{name}/layers/{layer}/units/{unit}.png": ("step", "size"),
    "/api/runs/{name}/histograms": ("step",),
    "/api/runs/{name}/tiles/{zoom}/{row}/{column}.png": ("step",),
}

ENDLESS = "/api/runs/{name}/events"
"""The event stream, which has its own tests."""


def description(name: str, steps: Sequence[int]) -> dict[str, Any]:
    """Describe an application over a folder with a run of that name, with weights at these steps."""
    real: dict[str, list[Any]] = {
        "name": [name],
        "step": [*steps, "last"],
        "by": list(steps),
        "layer": [1, 2],
        "unit": [0, 15],
        "zoom": [0, 1, -2],
        "row": [0, -1],
        "column": [0, 1],
        "wish": ["pause", "stop", "resume"],
        "file": ["curve.svg", "learning.mp4"],
        "sort": ["psnr", "name"],
        "page": [1],
        "size": [60],
    }

    def parameter(title: str, where: str) -> dict[str, Any]:
        good = [{"type": "string", "enum": [str(each) for each in real[title]]}] if title in real else []
        schema = {"anyOf": [*good, {"type": "integer"}, {"type": "string", "minLength": 1}]}
        return {"name": title, "in": where, "required": where == "path", "schema": schema}

    paths: dict[str, dict[str, Any]] = {}
    for route in app.ROUTES:
        assert isinstance(route, Route)
        path = re.sub(r":path", "", route.path)
        if path == ENDLESS:
            continue
        for method in (route.methods or set()) - {"HEAD"}:
            operation: dict[str, Any] = {
                "parameters": [
                    *(parameter(title, "path") for title in re.findall(r"{(\w+)}", path)),
                    *(parameter(title, "query") for title in QUERIES.get(path, ()) if method == "GET"),
                ],
                "responses": {"default": {"description": "any"}},
            }
            if method == "POST":
                operation["requestBody"] = _body(BODIES[path])
            paths.setdefault(path, {})[method.lower()] = operation
    return {"openapi": "3.1.0", "info": {"title": "studio", "version": "1"}, "paths": paths}


def _body(kind: type[BaseModel] | None) -> dict[str, Any]:
    if kind is None:
        return {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    schema = kind.model_json_schema()
    return {"required": True, "content": {"application/json": {"schema": _inlined(schema, schema.get("$defs", {}))}}}


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    # Some valid texts, so that not all are refused.
    if schema.get("title") == "Changes":
        values = {"model.depth": "3", "training.optimizer": "adam", "budget.epochs": "2", "picture.source": "cat"}
        good = {"type": "object", "properties": {path: {"enum": [value, "x"]} for path, value in values.items()}}
        return {"anyOf": [good, {"type": "object", "additionalProperties": {"type": "string"}}]}
    return {key: _inlined(value, definitions) for key, value in schema.items() if key != "$defs"}
