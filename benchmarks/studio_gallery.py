"""A gallery of thousands of runs: how soon is a page of it answered, drawn, turned and filtered, and what is held?

    python benchmarks/studio_gallery.py [--runs 5000] [--times 15] [--keep]

The runs are one small painting, many times: run.json differs, the rest are hard links. Times are of a machine that may
be busy, so that the server's CPU time of an answer stands beside each. Needs Linux, for /proc, and Chromium.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import results_file
from hardware import circumstances
from playwright.sync_api import sync_playwright

import sfumato as sf

ASKED = {
    "newest": "sort=started",
    "by PSNR": "sort=psnr",
    "by seconds": "sort=seconds",
    "by name": "sort=name",
    "last page": "page=1000000",
    "two words": "words=depth%3D6+cat",
}
APART = 0.6
"""Seconds between two questions: the server looks at the folders again."""

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
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = made(Path(folder), asked.runs)
        result = measured(runs, asked.times) | circumstances("starlette", "uvicorn", "playwright")
    print(json.dumps(result, indent=2))
    if asked.keep:
        print(results_file.write("studio_gallery", result))


def made(folder: Path, count: int) -> Path:
    """A folder of so many runs."""
    first = sf.paint("cat", runs=folder / "first", film="none", picture={"max_side": 64}, budget={"steps": 50}).folder
    facts, draws, runs = json.loads((first / "run.json").read_text()), random.Random(1), folder / "runs"
    for number in range(count):
        began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=37 * number)
        run = runs / f"{began:%Y%m%d-%H%M%S}-cat-{number:08x}"
        for path in first.rglob("*"):
            if path.is_file() and path.name != "run.json":
                (run / path.relative_to(first)).parent.mkdir(parents=True, exist_ok=True)
                os.link(path, run / path.relative_to(first))
        facts["started"] = began.isoformat()
        facts["recipe"]["model"]["depth"] = draws.randint(1, 12)
        facts["result"] |= {"psnr": draws.uniform(10, 40), "seconds": draws.uniform(1, 100)}
        (run / "run.json").write_text(json.dumps(facts))
    return runs


def measured(runs: Path, times: int) -> dict[str, Any]:
    """All of it, of one server."""
    command = [sys.executable, "-m", "sfumato", "studio", "--port", "0", "--runs", str(runs)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r":(\d+)/", server.stdout.readline())
    assert found is not None, "the studio did not begin"
    port = int(found[1])
    try:
        page, _, _ = _asked(server.pid, port, "GET", "/")
        token = page.partition('name="sfumato-token" content="')[2].partition('"')[0]
        _, first, first_cpu = _asked(server.pid, port, "GET", "/api/runs")
        answers = {
            name: _several(server.pid, port, times, "GET", f"/api/runs?size=60&{q}") for name, q in ASKED.items()
        }
        body = json.dumps({"changes": {"model.depth": "6"}})
        answers["describe"] = _several(server.pid, port, times, "POST", "/api/describe", body, token, apart=0.05)
        before = _memory(server.pid)
        drawn = _drawn(port, times)
        return {
            "n": times,
            "first_ms": first,
            "first_cpu_ms": first_cpu,
            "answers": answers,
            "page": drawn,
            "memory_mb": [before, _memory(server.pid)],
        }
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()


def _drawn(port: int, times: int) -> dict[str, Any]:
    """In Chromium: ms to the first cards, of scrolling, turning, typing; of each, the longest task and frame."""
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
            began = time.monotonic()
            do()
            took = (time.monotonic() - began) * 1000
            gaps, tasks = page.evaluate("[gaps, long]")
            return {
                "ms": round(took),
                "gap_median": _r(statistics.median(gaps)),
                "gap": _r(max(gaps)),
                "task": _r(max(tasks, default=0)),
            }

        def turn() -> None:
            for _ in range(times):
                shown = page.locator(".pages .figure").inner_text()
                page.locator(".pages button", has_text="Next").click()
                page.wait_for_function("old => document.querySelector('.pages .figure').textContent !== old", arg=shown)

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


def _several(process: int, port: int, times: int, *asked: str, apart: float = APART) -> dict[str, float]:
    """Medians, and the longest."""
    taken: list[tuple[float, float]] = []
    for _ in range(times):
        time.sleep(apart)
        taken.append(_asked(process, port, *asked)[1:])
    wall, cpu = zip(*taken, strict=True)
    return {"ms": _r(statistics.median(wall)), "most_ms": _r(max(wall)), "cpu_ms": _r(statistics.mean(cpu))}


def _asked(
    process: int, port: int, method: str, path: str, body: str = "", token: str = ""
) -> tuple[str, float, float]:
    """The answer, and the milliseconds that it took: of the clock, of the server's CPU (in hundredths of a second)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        cpu, began = _cpu(process), time.monotonic()
        connection.request(method, path, body or None, {"X-Sfumato-Token": token} if token else {})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, text
        return text, _r((time.monotonic() - began) * 1000), (_cpu(process) - cpu) * 1000
    finally:
        connection.close()


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> float:
    return _r(int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6)


def _r(number: float) -> float:
    return round(number, 1)


if __name__ == "__main__":
    main()
