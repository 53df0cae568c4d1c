"""Experiments next to the runs."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sfumato.lab import report
from sfumato.studio.experiments import routes
from tests.awaited import awaited
from tests.lab.report import stub


@pytest.mark.slow
@pytest.mark.usefixtures("inspector_in_process")
def test_experiments_are_listed_with_their_verdict(studio: TestClient, tmp_path: Path) -> None:
    root = tmp_path / "experiments"
    assert studio.get("/api/experiments").json() == []
    found = stub.experiment(root / "one")
    (root / "broken").mkdir()
    (root / "broken" / "plan.json").write_text("{}")
    (root / "no-experiment").mkdir()
    (root / "linked").symlink_to(root / "one")
    listed = {each["name"]: each for each in studio.get("/api/experiments").json()}
    assert set(listed) == {"one", "broken"}
    assert listed["one"]["question"] == found.plan.question
    assert listed["one"]["report"] is False
    assert listed["one"]["finished"] == (listed["one"]["left"] == 0)
    assert "plan" in listed["broken"]["problem"]


@pytest.mark.slow
@pytest.mark.usefixtures("inspector_in_process")
def test_a_report_is_shown_in_a_sandbox(studio: TestClient, tmp_path: Path) -> None:
    root = tmp_path / "experiments"
    found = stub.experiment(root / "one")
    assert studio.get("/experiments/one/report").status_code == 404
    report.write(found)
    answer = studio.get("/experiments/one/report")
    assert answer.content == (root / "one" / "report.html").read_bytes()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy
    assert studio.get("/api/experiments").json()[0]["report"] is True


def test_a_large_report_is_read_as_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "report.html").touch()
    os.truncate(tmp_path / "one" / "report.html", 300_000_000)
    received: list[int] = []

    class Enough(Exception):
        pass

    async def send(message: Any) -> None:
        received.append(len(message.get("body", b"")))
        if sum(received) > 1_000_000:
            raise Enough

    async def receive() -> Any:
        return await asyncio.Event().wait()

    answer = routes.report(tmp_path, "one")
    with pytest.raises(Enough):
        awaited(answer({"type": "http", "method": "GET", "headers": [], "extensions": {}}, receive, send))
    assert max(received) < 1_000_000


def test_only_reports_are_served(studio: TestClient, tmp_path: Path) -> None:
    root = tmp_path / "experiments"
    (root / "one").mkdir(parents=True)
    (root / "one" / "plan.json").write_text(json.dumps({}))
    secret = tmp_path / "secret.html"
    secret.write_text("nobody's business")
    (root / "one" / "report.html").symlink_to(secret)
    (root / "two").symlink_to(tmp_path)
    (tmp_path / "report.html").write_text("nobody's business")
    for name in ("one", "two", "..", "%2e%2e", ".", "one%2f..", "one%00"):
        answer = studio.get(f"/experiments/{name}/report")
        assert answer.status_code in (404, 405)
        assert "business" not in answer.text
