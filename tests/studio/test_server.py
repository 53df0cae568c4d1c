"""Real processes: runs that are started from the page outlive the server."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfumato.cli.main import main
from sfumato.cores import available_cores
from sfumato.runs import layout, requests
from tests.patience import PATIENCE
from tests.studio.server import Server, eventually, server, stop_all

pytestmark = pytest.mark.slow

LONG: dict[str, Any] = {
    "changes": {
        "picture.max_side": "24",
        "model.depth": "2",
        "model.width": "16",
        "training.schedule": "constant",
        "training.optimizer": "adam",
        "threads": "1",
        "budget.seconds": "600",
    }
}
"""A run that lasts longer than any test."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder of runs, and stop all trainings in it at the end."""
    runs = tmp_path / "runs"
    runs.mkdir()
    yield runs
    stop_all(runs)


def state(page: Server, name: str) -> str:
    return page.get(f"/api/runs/{name}")["state"]


def start(page: Server, recipe: dict[str, Any]) -> str:
    """Start a run, and return its name."""
    status, answer = page.ask("POST", "/api/runs", recipe)
    assert status == 201, answer
    return answer["name"]


def next_event(events: Iterator[tuple[str, Any]], kind: str, **wanted: Any) -> dict[str, Any]:
    """Return the next event of a kind with these values, after any others."""
    until = time.monotonic() + PATIENCE
    for event, data in events:
        if event == kind and wanted.items() <= data.items():
            return data
        assert time.monotonic() < until, f"no {kind} with {wanted}"
    raise AssertionError("the stream has ended")


def test_runs_and_their_queue_outlive_the_server(folder: Path) -> None:
    all_cores = {"changes": {**LONG["changes"], "threads": str(available_cores())}}
    with server(folder) as page:
        status, answer = page.ask("POST", "/api/check", {**LONG, "pressed": True})
        assert status == 200
        assert answer["works"]
        assert {each["level"] for each in answer["findings"]} <= {"ok", "warning", "error"}
        wrong = {"changes": {**LONG["changes"], "engine": "replica"}}
        status, answer = page.ask("POST", "/api/runs", wrong)
        assert status == 422
        assert "replica" in answer["problem"]
        assert [each.name for each in folder.iterdir()] == [".studio"]

        first, last, canceled = (start(page, all_cores) for _ in range(3))
        with page.events(first) as events:
            event, data = next(events)
            assert event == "state"
            if data["state"] == "queued":
                next_event(events, "state", state="running")
            next_event(events, "moment")
            next_event(events, "state", state="running")
        assert (folder / first / "watched").exists()
        assert [page.get(f"/api/runs/{name}")["now"]["before"] for name in (last, canceled)] == [0, 1]
        page.kill()
    assert requests.is_live(folder / first)
    with server(folder) as page:
        # Another server continues.
        assert [state(page, name) for name in (first, last, canceled)] == ["running", "queued", "queued"]
        # Canceling a run that has not started deletes it.
        assert page.ask("POST", f"/api/runs/{canceled}/stop")[0] == 202
        assert page.ask("GET", f"/api/runs/{canceled}")[0] == 404
        with page.events(first) as events:
            assert next(events)[1]["state"] == "running"
            # A paused training leaves its cores to the next run, and queues again when it is resumed.
            assert page.ask("POST", f"/api/runs/{first}/pause") == (202, {"name": first})
            next_event(events, "state", state="paused")
            eventually(lambda: state(page, last) == "running")
            assert state(page, first) == "paused"
            assert page.ask("POST", f"/api/runs/{first}/resume")[0] == 202
            assert state(page, first) == "queued"
            assert page.ask("POST", f"/api/runs/{last}/stop")[0] == 202
            next_event(events, "state", state="running")
            assert next_event(events, "moment")["step"] < next_event(events, "moment")["step"]
        eventually(lambda: not list((folder / ".studio" / "queue").glob("*.json")))
        assert page.ask("POST", "/api/runs/delete", {"names": [first]})[1]["deleted"] == []
        assert page.ask("POST", f"/api/runs/{first}/stop")[0] == 202
        eventually(lambda: state(page, first) == "stopped")
        eventually(lambda: (folder / first / layout.CURVE).exists())
        # A new process resumes it.
        assert page.ask("POST", f"/api/runs/{first}/resume") == (202, {"name": first})
        eventually(lambda: state(page, first) == "running")
        assert page.get(f"/api/runs/{first}")["resumed"]
        assert page.ask("POST", f"/api/runs/{first}/stop")[0] == 202
        eventually(lambda: not requests.is_live(folder / first))
        assert page.ask("POST", f"/api/runs/{first}/pause")[0] == 409
        with page.events(first) as events:
            assert next(events)[1]["state"] == "stopped"
            assert page.ask("POST", "/api/runs/delete", {"names": [first]})[1] == {"deleted": [first], "refused": []}
            assert next(event for event, _ in events if event == "gone")
        assert page.ask("GET", f"/api/runs/{first}")[0] == 404
    # The worker whose server was killed has not logged an error about it.
    assert all("Traceback" not in log.read_text() for log in (folder / ".studio" / "logs").iterdir())


def test_a_port_in_use_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["studio", "--port", str(port), "--runs", str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"studio cannot listen at 127.0.0.1, port {port}: address already in use; choose another --port" in error
    for wrong in ("65536", "-1", "http"):
        assert main(["studio", "--port", wrong, "--runs", str(folder)]) == 2
    assert main(["studio", "--host", "no.such.name.invalid", "--runs", str(folder)]) == 2
    assert "cannot listen at no.such.name.invalid" in capsys.readouterr().err
