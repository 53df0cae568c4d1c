"""Many pages that listen to one live run: disconnections, and the studio's CPU time and memory.

    python benchmarks/studio_load.py [--clients 20] [--seconds 60]

A run trains meanwhile, as it does when people watch. CPU is the time of the server's own process, as a fraction of one
core; memory is its resident size after each tenth of the time. Needs Linux, for /proc.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import results_file
from hardware import circumstances
from studio_server import studio

PICTURE_SIDE = "200"


class Page(threading.Thread):
    """A client that listens to the run's events and counts them."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._path = f"/api/runs/{name}/events"
        self.events: dict[str, int] = {}
        self.bytes = 0
        self.dropped = ""
        self.ends = False

    def run(self) -> None:
        """Listen until told to stop, or disconnected."""
        try:
            self._connection.request("GET", self._path)
            response = self._connection.getresponse()
            while line := response.readline():
                self.bytes += len(line)
                if line.startswith(b"event: "):
                    event = line[7:].strip().decode()
                    self.events[event] = self.events.get(event, 0) + 1
                if self.ends:
                    return
            self.dropped = "the stream ended"
        except OSError as error:
            self.dropped = str(error) or type(error).__name__


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--keep", action="store_true", help="write results/studio_load.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.clients, arguments.seconds)
    result |= circumstances("starlette", "uvicorn", "sse-starlette")
    print(
        f"{result['clients']} pages for {result['seconds']:.0f} s: {result['dropped']} dropped, "
        f"{result['events_per_second_per_page']:.1f} events per second each; the server used "
        f"{result['cpu_of_one_core']:.1%} of one core, "
        f"and held {result['memory_mb'][0]:.1f} MB at first, {result['memory_mb'][-1]:.1f} MB at last"
    )
    print("events of one page: " + ", ".join(f"{count} {name}" for name, count in sorted(result["events"].items())))
    if arguments.keep:
        print(results_file.write("studio_load", result))
    sys.exit(1 if result["dropped"] else 0)


def measure(folder: Path, clients: int, seconds: float) -> dict[str, Any]:
    """Measure one server with one run and ``clients`` pages for ``seconds``."""
    with studio(folder / "runs") as server:
        token, name = server.token(), ""
        try:
            changes = {"picture.max_side": PICTURE_SIDE, "budget.seconds": "3600"}
            status, text = server.request("POST", "/api/runs", json.dumps({"changes": changes}), token)
            assert status == 201, text
            name = json.loads(text)["name"]
            pages = [Page(server.port, name) for _ in range(clients)]
            for page in pages:
                page.start()
            # The next worker process warms up 20 s after a run starts: let that happen before measuring.
            time.sleep(min(30.0, seconds))
            before, cpu, start = [dict(page.events) for page in pages], server.cpu(), time.monotonic()
            memory = [server.memory()]
            for _ in range(10):
                time.sleep(seconds / 10)
                memory.append(server.memory())
            used, took = server.cpu() - cpu, time.monotonic() - start
            dropped = [page.dropped for page in pages if page.dropped]
            counts = [
                {kind: page.events[kind] - old.get(kind, 0) for kind in page.events}
                for page, old in zip(pages, before, strict=True)
            ]
            for page in pages:
                page.ends = True
            return {
                "clients": clients,
                "seconds": took,
                "dropped": len(dropped),
                "why": dropped[:3],
                "events": counts[0],
                "events_per_second_per_page": sum(sum(each.values()) for each in counts) / clients / took,
                "cpu_of_one_core": used / took,
                "memory_mb": [round(each, 2) for each in memory],
            }
        finally:
            if name:
                server.request("POST", f"/api/runs/{name}/stop", "", token)
                _wait_for(folder / "runs" / name)


def _wait_for(run: Path) -> None:
    """Wait until the run's process has finished everything: its folder is removed next."""
    for _ in range(1200):
        if (run / "curve.svg").exists():
            time.sleep(1)
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
