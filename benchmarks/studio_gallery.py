"""A gallery of thousands of runs: the latency of loading, drawing, paging and filtering it, and the server's memory.

    python benchmarks/studio_gallery.py [--runs 5000] [--times 15] [--keep]

The runs are one small painting, many times: run.json differs, the rest are hard links. The machine may be busy, so the
server's CPU time of a response is given with each time. Needs Linux, for /proc, and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import results_file
from hardware import circumstances
from playwright.sync_api import sync_playwright
from studio_server import StudioServer, studio

import sfumato as sf

QUERIES = {
    "newest": "sort=started",
    "by PSNR": "sort=psnr",
    "by seconds": "sort=seconds",
    "by name": "sort=name",
    "last page": "page=1000000",
    "two words": "words=depth%3D6+cat",
}
SECONDS_BETWEEN_REQUESTS = 0.6
"""Seconds between two requests: the server scans the folders again."""

WATCH = """
window.gaps = []; window.long = [];
const seen = new PerformanceObserver((list) => list.getEntries().forEach((task) => long.push(task.duration)));
seen.observe({ type: "longtask" });
let last = performance.now();
requestAnimationFrame(function frame(now) { gaps.push(now - last); last = now; requestAnimationFrame(frame); });
"""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--keep", action="store_true", help="write results/studio_gallery.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = create_runs(Path(folder), arguments.runs)
        result = measure(runs, arguments.times) | circumstances("starlette", "uvicorn", "playwright")
    print(json.dumps(result, indent=2))
    if arguments.keep:
        print(results_file.write("studio_gallery", result))


def create_runs(folder: Path, count: int) -> Path:
    """Create a folder of ``count`` runs."""
    first = sf.paint("cat", runs=folder / "first", film="none", picture={"max_side": 64}, budget={"steps": 50}).folder
    facts, draws, runs = json.loads((first / "run.json").read_text()), random.Random(1), folder / "runs"
    for number in range(count):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=37 * number)
        run = runs / f"{start:%Y%m%d-%H%M%S}-cat-{number:08x}"
        for path in first.rglob("*"):
            if path.is_file() and path.name != "run.json":
                (run / path.relative_to(first)).parent.mkdir(parents=True, exist_ok=True)
                os.link(path, run / path.relative_to(first))
        facts["started"] = start.isoformat()
        facts["recipe"]["model"]["depth"] = draws.randint(1, 12)
        facts["result"] |= {"psnr": draws.uniform(10, 40), "seconds": draws.uniform(1, 100)}
        (run / "run.json").write_text(json.dumps(facts))
    return runs


def measure(runs: Path, times: int) -> dict[str, Any]:
    """Return all measurements, of one server."""
    with studio(runs) as server:
        token = server.token()
        first, first_cpu = _response_time(server, "GET", "/api/runs")
        responses = {
            name: _response_times(server, times, "GET", f"/api/runs?size=60&{q}") for name, q in QUERIES.items()
        }
        body = json.dumps({"changes": {"model.depth": "6"}})
        responses["describe"] = _response_times(server, times, "POST", "/api/describe", body, token, pause=0.05)
        before = server.memory()
        browser_times = _browser_times(server.port, times)
        return {
            "n": times,
            "first_ms": first,
            "first_cpu_ms": first_cpu,
            "answers": responses,
            "page": browser_times,
            "memory_mb": [_r(before), _r(server.memory())],
        }


def _browser_times(port: int, times: int) -> dict[str, Any]:
    """Return ms in Chromium to the first cards, of scrolling, paging and typing, with the longest task and frame."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page()
        page.add_init_script(WATCH)
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator(".card").first.wait_for()
        first = page.evaluate("performance.now()")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
        page.wait_for_timeout(1000)

        def watched(do: Any) -> dict[str, Any]:
            page.evaluate("gaps.length = 0; long.length = 0")
            start = time.monotonic()
            do()
            took = (time.monotonic() - start) * 1000
            gaps, tasks = page.evaluate("[gaps, long]")
            return {
                "ms": round(took),
                "gap_median": _r(statistics.median(gaps)),
                "gap": _r(max(gaps)),
                "task": _r(max(tasks, default=0)),
            }

        def turn() -> None:
            for _ in range(times):
                before_turn = page.locator(".pages .figure").inner_text()
                page.locator(".pages button", has_text="Next").click()
                page.wait_for_function(
                    "old => document.querySelector('.pages .figure').textContent !== old", arg=before_turn
                )

        def scroll() -> None:
            for _ in range(times):
                page.mouse.wheel(0, 400)
                page.wait_for_timeout(60)

        def type_words() -> None:
            page.get_by_label("Filter runs by words").press_sequentially("depth=6 cat", delay=60)
            page.wait_for_url("**words=depth*cat")

        found = {"first_contentful_paint": paint, "first_cards": first}
        found |= {"scroll": watched(scroll), "turn": watched(turn), "type": watched(type_words)}
        browser.close()
        return found


def _response_times(
    server: StudioServer, times: int, *request: str, pause: float = SECONDS_BETWEEN_REQUESTS
) -> dict[str, float]:
    """Return medians, and the longest."""
    times_taken: list[tuple[float, float]] = []
    for _ in range(times):
        time.sleep(pause)
        times_taken.append(_response_time(server, *request))
    wall, cpu = zip(*times_taken, strict=True)
    return {"ms": _r(statistics.median(wall)), "most_ms": _r(max(wall)), "cpu_ms": _r(statistics.mean(cpu))}


def _response_time(server: StudioServer, *request: str) -> tuple[float, float]:
    """Return the milliseconds of a response: wall clock, and the server's CPU time."""
    cpu, start = server.cpu(), time.monotonic()
    status, text = server.request(*request)
    assert status == 200, text
    return _r((time.monotonic() - start) * 1000), (server.cpu() - cpu) * 1000


def _r(number: float) -> float:
    return round(number, 1)


if __name__ == "__main__":
    main()
