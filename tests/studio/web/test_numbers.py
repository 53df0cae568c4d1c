"""Numbers in URLs: invalid and extreme ones are refused in one line, and never block or take memory."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.studio import app
from tests.studio.interface import QUERIES

INVALID = [
    "1e300",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "-1e9",
    "9" * 5000,
    "-" + "9" * 30,
    "1_0",
    "0x10",
    "٣",
    "1.5",
    " 1",
    "+1",
    "1e3",
]

PATH_NUMBERS = ("layer", "unit", "zoom", "row", "column", "step")
"""Numbers in paths."""

QUERY_NUMBERS = ("page", "size", "step", "by")
"""Numbers in queries."""

VALID = {"layer": "1", "unit": "0", "zoom": "0", "row": "0", "column": "0", "step": "0", "file": "curve.svg"}


def addresses() -> list[tuple[str, str]]:
    """Return (URL with {odd} in place of the number, the number's name) for every number in every route."""
    found: list[tuple[str, str]] = []
    for route in app.ROUTES:
        path: str = route.path
        if "GET" not in (route.methods or ()) or path.endswith("/events") or ":path" in path:
            continue
        names = re.findall(r"{(\w+)}", path)
        found += [(_filled(path, **{name: "{odd}"}), name) for name in names if name in PATH_NUMBERS]
        found += [(f"{_filled(path)}?{name}={{odd}}", name) for name in QUERIES.get(path, ()) if name in QUERY_NUMBERS]
    return found


def _filled(path: str, **other: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: {**VALID, **other}.get(name[1], f"{{{name[1]}}}"), path)


@pytest.mark.slow
@pytest.mark.parametrize(("address", "name"), addresses(), ids=lambda each: each)
def test_invalid_numbers_are_refused(over_trained: TestClient, trained: sf.Run, address: str, name: str) -> None:
    for odd in INVALID:
        path = address.replace("{name}", trained.folder.name).replace("{odd}", odd)
        answer = over_trained.get(path)
        assert answer.status_code == 404, (path, answer.text)
        assert "must be a whole number" in answer.json()["problem"], path


def test_all_numbers_are_covered() -> None:
    assert {name for _, name in addresses()} == {*PATH_NUMBERS, *QUERY_NUMBERS}


@pytest.mark.parametrize(
    "path", ["/runs/{name}/zoom?row=1e300&zoom=nan", "/runs/{name}/layers?layer=inf", "/?page=1e300"]
)
def test_pages_ignore_invalid_queries(over_trained: TestClient, trained: sf.Run, path: str) -> None:
    assert over_trained.get(path.replace("{name}", trained.folder.name)).status_code == 200
