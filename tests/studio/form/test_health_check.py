"""The automatic check of a page, and the one that a person starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sfumato import memory
from sfumato.recipe import DESCRIPTIONS, Recipe, changed, preset
from sfumato.recipe.memory_estimate import Size
from sfumato.studio.form import health_check
from sfumato.studio.training.worker_pool import MAX_SECONDS, CheckTimeout, WorkerPool
from tests.studio.client import client

LINK = {"changes": {"model.width": "15000", "model.depth": "3"}}


class RecordedChecks:
    """Records the limits of checks, and raises an error if one is set."""

    def __init__(self) -> None:
        self.limits: list[tuple[float, int | None]] = []
        self.error: Exception | None = None


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> RecordedChecks:
    """Replace the check, so that no worker starts."""
    found = RecordedChecks()

    async def check(
        self: WorkerPool,
        recipe: Recipe,
        is_disconnected: Any,
        max_seconds: float = MAX_SECONDS,
        max_bytes: int | None = None,
    ) -> dict[str, Any]:
        found.limits.append((max_seconds, max_bytes))
        if found.error is not None:
            raise found.error
        return {"works": True, "findings": []}

    monkeypatch.setattr(WorkerPool, "check", check)
    return found


@pytest.fixture
def page(runs: Path, recorded: RecordedChecks) -> Iterator[TestClient]:
    with client(runs) as studio:
        yield studio


def test_an_automatic_check_is_limited(page: TestClient, recorded: RecordedChecks) -> None:
    assert page.post("/api/check", json={}).json() == {"tried": True, "works": True, "findings": []}
    assert recorded.limits == [(health_check.MAX_SECONDS, 2 * health_check.MAX_BYTES)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (LINK["changes"], "model.width must leave the check within 1 GB of memory"),
        ({"model.width": "65536"}, "model.width must leave the check within 1 GB of memory"),
        ({"model.depth": "1000"}, "of memory"),
        ({"training.optimizer": "lbfgs(max_iter=500)"}, "TFLOP"),
        ({"model.encoding": "fourier(features=65536)"}, "of memory"),
        ({"training.optimizer": "lbfgs(history=1000)", "model.width": "900"}, "of memory"),
    ],
)
def test_a_large_check_does_not_start_automatically(
    page: TestClient, recorded: RecordedChecks, changes: dict[str, str], words: str
) -> None:
    found = page.post("/api/check", json={"changes": changes}).json()
    assert (found["tried"], found["works"], found["findings"]) == (False, None, [])
    assert words in found["why"]
    assert recorded.limits == []


def test_a_person_can_start_a_large_check(
    page: TestClient, recorded: RecordedChecks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 10**12)
    assert page.post("/api/check", json={**LINK, "pressed": True}).json()["tried"]
    assert recorded.limits == [(MAX_SECONDS, None)]
    monkeypatch.setattr(memory, "available", lambda: 10**10)
    found = page.post("/api/check", json={**LINK, "pressed": True}).json()
    assert not found["tried"]
    assert "80% of the 10 GB that is available" in found["why"]
    assert len(recorded.limits) == 1


def test_a_timeout_is_reported(page: TestClient, recorded: RecordedChecks) -> None:
    recorded.error = CheckTimeout(10)
    found = page.post("/api/check", json={}).json()
    assert not found["tried"]
    assert "stopped after 10 s" in found["why"]


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_preset_is_within_the_limits(name: str) -> None:
    assert health_check.exceeded_limit(preset(name), Size(451, 300)) is None


def test_a_deep_network_is_within_the_limits() -> None:
    assert health_check.exceeded_limit(changed(Recipe(), {"model": {"depth": 20}}), Size(451, 300)) is None


def test_a_training_beyond_the_memory_is_not_queued(page: TestClient, runs: Path) -> None:
    huge = {"changes": {"model.width": "65536"}}
    answer = page.post("/api/runs", json=huge)
    assert (answer.status_code, answer.json()["field"]) == (422, "model.width")
    answer = page.post("/api/race", json={"arms": [{}, huge]})
    assert (answer.status_code, answer.json()["field"]) == (422, "arms.1.model.width")
    assert [each for each in runs.iterdir() if not each.name.startswith(".")] == []
