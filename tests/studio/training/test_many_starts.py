"""Many runs started at once, over real HTTP: all are trained, and never more at once than there are cores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sfumato.cores import available_cores
from tests.studio.server import Server, eventually, server

pytestmark = pytest.mark.slow

CORES = available_cores()
STARTS = CORES + 4

TINY: dict[str, Any] = {
    "changes": {
        "picture.max_side": "8",
        "model.depth": "1",
        "model.width": "4",
        "threads": "1",
        # Long enough to be seen by most polls.
        "budget.seconds": "0.4",
        "evaluation.interval": "end",
    }
}


class Monitor:
    """A thread that polls how many runs and workers are active."""

    def __init__(self, page: Server) -> None:
        self._page = page
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._poll)
        self.max_running = 0
        self.max_processes = 0

    def __enter__(self) -> Monitor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._over.wait(0.2):
            runs = self._page.get("/api/runs?size=100")["runs"]
            self.max_running = max(self.max_running, sum(run["state"] == "running" for run in runs))
            self.max_processes = max(self.max_processes, len(workers(self._page.process.pid)))


def workers(server: int) -> list[int]:
    """Return the ids of a server's worker processes."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == server and b"sfumato.studio.training.worker" in command:
            found.append(int(path.name))
    return found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path / "runs") as found:
        yield found


def test_all_are_trained_within_the_cores(page: Server, tmp_path: Path) -> None:
    arms = [{"changes": {**TINY["changes"], "model.depth": depth}} for depth in ("2", "3")]
    with Monitor(page) as monitor:
        with ThreadPoolExecutor(STARTS) as pool:
            answers = list(pool.map(lambda _: page.ask("POST", "/api/runs", TINY), range(STARTS)))
        assert [status for status, _ in answers] == [201] * STARTS
        status, race = page.ask("POST", "/api/race", {"arms": arms})
        assert status == 201, race
        names = [*(answer["name"] for _, answer in answers), *race["names"]]
        assert len(set(names)) == STARTS + 2
        # All responses came long before all runs were trained.
        last = page.get(f"/api/runs/{names[-1]}")
        assert (last["state"], last["now"]["before"] > 0) == ("queued", True)
        eventually(lambda: page.get("/api/runs?size=100")["states"] == {"done": len(names)})
    assert [page.get(f"/api/runs/{name}")["recipe"]["model.depth"] for name in race["names"]] == ["2", "3"]
    assert {path.name for path in (tmp_path / "runs").iterdir() if path.name != ".studio"} == set(names)
    assert monitor.max_running <= CORES
    # One more may be idle and warm.
    assert 1 <= monitor.max_processes <= CORES + 1
    assert list((tmp_path / "runs" / ".studio" / "queue").glob("*.json")) == []
