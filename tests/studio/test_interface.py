"""For any request, the studio responds with the result or one line about the error, never with a 5xx status."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.runs import layout
from tests.studio import here as in_process
from tests.studio.client import ADDRESS, client
from tests.studio.interface import description

pytestmark = pytest.mark.slow

EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 16}
"""Requests per route and method; about half of the invalid ones are not JSON."""

ANY_BYTES = ("/api/pictures", "/api/runs/{name}/{wish}")
"""Routes that take any body, so that none is invalid."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, trained: sf.Run) -> Iterator[tuple[TestClient, dict[str, Any]]]:
    """Return a studio that starts no processes and no runs, and its description."""
    runs = tmp_path_factory.mktemp("interface") / "runs"
    shutil.copytree(trained.folder, runs / trained.folder.name)

    with pytest.MonkeyPatch.context() as patch, client(runs) as studio:
        in_process.inspect(patch)
        in_process.check(patch)
        in_process.decode(patch)
        steps = [layout.step_of(path) for path in trained.moments()]
        yield studio, description(trained.folder.name, steps[-2:])


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_every_route_handles_any_request(page: tuple[TestClient, dict[str, Any]], mode: GenerationMode) -> None:
    studio, described = page
    schema = schemathesis.openapi.from_dict(described)
    counts: dict[int, int] = {}

    def ask(case: Case) -> None:
        arguments = case.as_transport_kwargs(base_url=ADDRESS)
        arguments = {
            name: arguments[name]
            for name in ("method", "url", "params", "json", "data", "headers")
            if name in arguments
        }
        if isinstance(arguments.get("data"), bytes | str):
            arguments["content"] = arguments.pop("data")
        answer = studio.request(**arguments)
        counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            problem = answer.json()["problem"]
            assert problem
            assert "Traceback" not in problem
        assert "content-security-policy" in answer.headers

    for found in schema.get_all_operations():
        operation: Any = found.ok()  # pyright: ignore[reportAttributeAccessIssue]
        # A URL may contain any text, so that there are no invalid ones.
        if mode is GenerationMode.NEGATIVE and (operation.method.upper() != "POST" or operation.path in ANY_BYTES):
            continue

        @settings(
            max_examples=EXAMPLES[mode],
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Case) -> None:
            ask(case)

        before = sum(counts.values())
        check()
        # At least one request reached each route, so that the assertions above were evaluated.
        assert sum(counts.values()) > before, operation.path
    if mode is GenerationMode.POSITIVE:
        # Not all requests were refused, and not all accepted.
        assert counts[200] > 30
        assert counts[404] > 20
    else:
        assert set(counts) <= {400, 413, 422}
        assert counts[422] > 20
