"""Whatever is asked, the studio answers: with what was asked for, or one line that says why not; never with a 5xx."""

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
from tests.studio import here
from tests.studio.client import ADDRESS, client
from tests.studio.interface import description

pytestmark = pytest.mark.slow

EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 16}
"""Requests of every address and method; of the bad ones a half or so is no JSON at all."""

ANY_BYTES = ("/api/pictures", "/api/runs/{name}/{wish}")
"""They take any body, so that none is a bad one."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, trained: sf.Run) -> Iterator[tuple[TestClient, dict[str, Any]]]:
    """A studio in which all runs wait and that starts no processes, and its description."""
    runs = tmp_path_factory.mktemp("interface") / "runs"
    shutil.copytree(trained.folder, runs / trained.folder.name)

    with pytest.MonkeyPatch.context() as patch, client(runs) as studio:
        here.look(patch)
        here.check(patch)
        here.decode(patch)
        steps = [layout.step_of(path) for path in trained.moments()]
        yield studio, description(trained.folder.name, steps[-2:])


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_every_address_answers_everything(page: tuple[TestClient, dict[str, Any]], mode: GenerationMode) -> None:
    studio, described = page
    schema = schemathesis.openapi.from_dict(described)
    asked: dict[int, int] = {}

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
        asked[answer.status_code] = asked.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            problem = answer.json()["problem"]
            assert problem
            assert "Traceback" not in problem
        assert "content-security-policy" in answer.headers

    for found in schema.get_all_operations():
        operation: Any = found.ok()  # pyright: ignore[reportAttributeAccessIssue]
        # In an address any text may stand, good or not: there is none that breaks its rule.
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

        before = sum(asked.values())
        check()
        # Of each address something came through, so that what is asserted of its answers says something.
        assert sum(asked.values()) > before, operation.path
    if mode is GenerationMode.POSITIVE:
        # It was not all refused, nor all taken.
        assert asked[200] > 30
        assert asked[404] > 20
    else:
        assert set(asked) <= {400, 413, 422}
        assert asked[422] > 20
