"""Real processes: runs that are started from the page, and live on whatever becomes of the server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato.cli.main import main
from sfumato.cores import available_cores
from sfumato.runs import layout, requests
from tests.patience import PATIENCE
from tests.studio.server import LOG, Server, eventually, server, stop_all

pytestmark = pytest.mark.slow

LONG: dict[str, Any] = {
    "changes": {
        "picture.max_side": "24",
        "model.depth": "2",
        "model.width": "16",
        "training.schedule": "constant",
        "training.optimizer": "adam",
        "engine": "autograd",
        "threads": "1",
        "budget.seconds": "600",
    }
}
"""A run that lasts as long as any test."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of runs, none of which trains any more afterwards."""
    runs = tmp_path / "runs"
    runs.mkdir()
    yield runs
    stop_all(runs)


def state(page: Server, name: str) -> str:
    return page.get(f"/api/runs/{name}")["state"]


def test_a_run_outlives_its_server(folder: Path) -> None:
    with server(folder) as page:
        status, answer = page.ask("POST", "/api/runs", LONG)
        assert status == 201, answer
        name = answer["name"]
        with page.events(name) as events:
            event, data = next(events)
            assert event == "state"
            while data["state"] == "queued":
                event, data = next((event, data) for event, data in events if event == "state")
            assert data["state"] == "running"
            seen = {event for event, _ in (next(events) for _ in range(12))}
            assert seen >= {"state", "moment"}
            assert (folder / name / "watched").exists()
            assert page.ask("POST", f"/api/runs/{name}/pause") == (202, {"name": name})
            assert next(data for event, data in events if event == "state" and data["state"] == "paused")
        assert state(page, name) == "paused"
        page.kill()
    assert requests.is_live(folder / name)
    with server(folder) as page:
        # Another server, as good as the first.
        assert state(page, name) == "paused"
        with page.events(name) as events:
            assert next(events)[1]["state"] == "paused"
            assert page.ask("POST", f"/api/runs/{name}/resume")[0] == 202
            assert next(data for event, data in events if event == "state" and data["state"] == "running")
            step = next(data["step"] for event, data in events if event == "moment")
            assert next(data["step"] for event, data in events if event == "moment") > step
        assert page.ask("POST", "/api/runs/delete", {"names": [name]})[1]["deleted"] == []
        assert page.ask("POST", f"/api/runs/{name}/stop")[0] == 202
        eventually(lambda: state(page, name) == "stopped")
        eventually(lambda: (folder / name / layout.CURVE).exists())
        # It is taken up again by a new process.
        assert page.ask("POST", f"/api/runs/{name}/resume") == (202, {"name": name})
        eventually(lambda: state(page, name) == "running")
        assert page.get(f"/api/runs/{name}")["resumed"]
        assert page.ask("POST", f"/api/runs/{name}/stop")[0] == 202
        eventually(lambda: not requests.is_live(folder / name))
        assert page.ask("POST", f"/api/runs/{name}/pause")[0] == 409
        with page.events(name) as events:
            assert next(events)[1]["state"] == "stopped"
            assert page.ask("POST", "/api/runs/delete", {"names": [name]})[1]["deleted"] == [name]
            assert next(event for event, _ in events if event == "gone")
        assert page.ask("GET", f"/api/runs/{name}")[0] == 404


def test_a_check_and_a_race(folder: Path) -> None:
    cores = available_cores()
    arms = [{"changes": {**LONG["changes"], "model.depth": str(depth)}} for depth in range(1, min(cores + 2, 5))]
    with server(folder) as page:
        status, answer = page.ask("POST", "/api/check", {**LONG, "pressed": True})
        assert status == 200
        assert answer["works"]
        assert {each["level"] for each in answer["findings"]} <= {"fine", "will hurt", "cannot work"}
        wrong = {"changes": {**LONG["changes"], "engine": "replica"}}
        status, answer = page.ask("POST", "/api/runs", wrong)
        assert status == 422
        assert "replica" in answer["problem"]
        assert [each.name for each in folder.iterdir()] == [".studio"]
        status, answer = page.ask("POST", "/api/race", {"arms": arms})
        assert status == 201, answer
        names = answer["names"]
        assert len(set(names)) == len(arms)
        depths = [page.get(f"/api/runs/{name}")["recipe"]["model.depth"] for name in names]
        assert depths == [arm["changes"]["model.depth"] for arm in arms]
        if len(arms) > cores:
            eventually(lambda: [state(page, name) for name in names[:cores]] == ["running"] * cores)
            waits = page.get(f"/api/runs/{names[-1]}")
            assert (waits["state"], waits["now"]["before"]) == ("queued", len(arms) - cores - 1)
            page.ask("POST", f"/api/runs/{names[0]}/stop")
            eventually(lambda: state(page, names[cores]) == "running")


def test_the_queue_outlives_its_server(folder: Path) -> None:
    cores = available_cores()
    arm = {"changes": {**LONG["changes"], "threads": str(cores)}}
    with server(folder) as page:
        first, last, unwanted = (page.ask("POST", "/api/runs", arm)[1]["name"] for _ in range(3))
        eventually(lambda: state(page, first) == "running")
        assert [page.get(f"/api/runs/{name}")["now"]["before"] for name in (last, unwanted)] == [0, 1]
        page.kill()
    with server(folder) as page:
        assert [state(page, name) for name in (first, last, unwanted)] == ["running", "queued", "queued"]
        # What has not begun is gone when it is cancelled.
        assert page.ask("POST", f"/api/runs/{unwanted}/stop")[0] == 202
        assert page.ask("GET", f"/api/runs/{unwanted}")[0] == 404
        # A training that is paused leaves its cores to the next, and waits for them when it is to go on.
        assert page.ask("POST", f"/api/runs/{first}/pause")[0] == 202
        eventually(lambda: state(page, last) == "running")
        assert page.ask("POST", f"/api/runs/{first}/resume")[0] == 202
        assert state(page, first) == "queued"
        assert page.ask("POST", f"/api/runs/{last}/stop")[0] == 202
        eventually(lambda: state(page, first) == "running")
        eventually(lambda: not list((folder / ".studio" / "queue").glob("*.json")))


def test_ctrl_c_ends_it_at_once_with_pages_open(folder: Path, trained: sf.Run) -> None:
    shutil.copytree(trained.folder, folder / "one")
    with server(folder) as page, page.events("one") as events:
        next(events)
        assert page.get("/api/runs/one/ranks")["stable_rank"]
        # As a terminal sends it: to all processes of its group.
        os.killpg(page.process.pid, signal.SIGINT)
        assert page.process.wait(timeout=PATIENCE) == 0
    assert (folder.parent / LOG).read_text() == ""


def test_an_address_that_is_taken_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
