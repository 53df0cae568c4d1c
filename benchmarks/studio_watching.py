"""The latency and frequency of paintings in the studio after a run is started, and the cost of watching.

    python benchmarks/studio_watching.py [--starts 5] [--rounds 5] [--write]

*Seen*: in a real Chromium, the seconds from the press on "Start painting" to the first painting on screen, and the
changes of the painting per second after that. With a warm worker, as in a studio that has been open for a while; and
with a cold one, as soon as the form of a new server can be submitted. *Cost*: the same training, alternately watched
and not, each in a process of its own: watched by a client of the page's stream, which fetches every live painting,
without a browser, which needs the cores itself.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import hardware
import results_file
from alternation import Quartiles, alternate, quartiles, ratios
from playwright.sync_api import Page, sync_playwright
from studio_server import studio

from sfumato.errors import RunError
from sfumato.runs import load_run, requests

NAME = "studio_watching"
WARM_AFTER = 15.0
"""Seconds in which a worker has loaded everything."""
WATCHED_FOR = 5.0
SIZE = "300x429"
TRAINING = ("--picture.size", SIZE, "--budget.epochs", "8", "--evaluation.interval", "end", "--film.every", "never")

RECORD_PAINTINGS = """
() => {
  const small = document.createElement("canvas");
  small.width = small.height = 24;
  const context = small.getContext("2d", { willReadFrequently: true });
  window.paintings = [];
  let before = "";
  const record = () => {
    const canvas = document.querySelectorAll(".panes canvas")[1];
    if (canvas && canvas.width) {
      context.clearRect(0, 0, 24, 24);
      context.drawImage(canvas, 0, 0, 24, 24);
      const data = context.getImageData(0, 0, 24, 24).data;
      const colors = new Set();
      for (let i = 0; i < data.length; i += 4) colors.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      const now = data.join();
      if (colors.size > 16 && now !== before) window.paintings.push(performance.now());
      before = now;
    }
    requestAnimationFrame(record);
  };
  record();
}
"""
"""Script that records changes of the painting on screen. Navigation within the studio keeps the page, and so the clock.
"""


def start(page: Page, port: int, *, checked: bool) -> tuple[float, float]:
    """Return the seconds to the first painting on screen, and changes per second after it. Stops the run at the end.

    ``checked``: press the button after the form has said that the recipe will learn, rather than at once.
    """
    page.goto(f"http://127.0.0.1:{port}/new?picture.size={SIZE}&budget.seconds=60")
    page.get_by_role("button", name="Start painting").wait_for(timeout=60_000)
    if checked:
        page.get_by_text("It will learn.").wait_for(timeout=60_000)
    page.evaluate(RECORD_PAINTINGS)
    pressed = page.evaluate(
        "() => { const button = [...document.querySelectorAll('button')]"
        ".find((each) => each.textContent === 'Start painting'); button.click(); return performance.now(); }"
    )
    while not page.evaluate("window.paintings.length"):
        # Poll rarely, since polling is work for the page; its own clock gives the time.
        time.sleep(0.5)
    time.sleep(WATCHED_FOR)
    first, *later = page.evaluate("window.paintings")
    after = [moment for moment in later if moment <= first + 1000 * WATCHED_FOR]
    page.get_by_role("button", name="Stop").click()
    page.locator(".run-title .state").get_by_text("stopped").wait_for(timeout=60_000)
    return (first - pressed) / 1000, len(after) / WATCHED_FOR


def settle(runs: Path) -> None:
    """Wait until no run trains: the film of a stopped run is made after it."""
    for _ in range(600):
        if not any(requests.is_live(folder) for folder in runs.iterdir() if not folder.name.startswith(".")):
            return
        time.sleep(0.1)


def seen(starts: int) -> dict[str, Quartiles]:
    """Return the measurements with a warm and with a cold worker."""
    found: dict[str, list[float]] = {"warm": [], "cold": [], "changes a second": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder) / "runs"
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        for kind in ("warm", "cold"):
            for _ in range(starts):
                with studio(runs) as server:
                    page = browser.new_page()
                    if kind == "warm":
                        page.goto(f"http://127.0.0.1:{server.port}/")
                        time.sleep(WARM_AFTER)
                    seconds, changes = start(page, server.port, checked=kind == "warm")
                    found[kind].append(seconds)
                    found["changes a second"].append(changes)
                    page.close()
                settle(runs)
        browser.close()
    return {name: quartiles(values) for name, values in found.items()}


class Watcher(threading.Thread):
    """A client that listens to a run as a page does, and fetches every live painting."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self._port, self._name = port, name
        self.fetched = 0

    def run(self) -> None:
        """Listen until the stream ends or the server stops."""
        stream = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        paintings = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            stream.request("GET", f"/api/runs/{self._name}/events")
            response = stream.getresponse()
            while line := response.readline():
                # Events may share a chunk, and chunks may end anywhere, so look at the version.
                if line.startswith(b'data: {"version":'):
                    version = json.loads(line.removeprefix(b"data: "))["version"]
                    paintings.request("GET", f"/api/runs/{self._name}/live.jpg?v={version}")
                    self.fetched += len(paintings.getresponse().read()) > 0
        except (OSError, http.client.HTTPException):
            return


def cost(rounds: int) -> tuple[Quartiles, Quartiles, Quartiles]:
    """Return the time of a watched over an unwatched training, the fraction for live paintings, and their rate."""
    shares: list[float] = []
    fetched: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        runs.mkdir()
        with studio(runs) as server:

            def turn(_: int, *, watched: bool) -> float:
                before = set(runs.glob("*/run.json"))
                command = [sys.executable, "-m", "sfumato", "paint", "cat", *TRAINING, "--runs", str(runs)]
                child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while not (new := set(runs.glob("*/run.json")) - before):
                    time.sleep(0.01)
                run = new.pop().parent
                watcher = Watcher(server.port, run.name)
                if watched:
                    watcher.start()
                start_time = time.monotonic()
                child.wait()
                wall = time.monotonic() - start_time
                result = load_run(run).facts
                if watched:
                    shares.append(result["overhead"]["seconds"]["live view"] / result["result"]["seconds"])
                    fetched.append(watcher.fetched / wall)
                return wall

            turn(0, watched=False)
            seconds = alternate(
                {
                    "watched": lambda number: turn(number, watched=True),
                    "alone": lambda number: turn(number, watched=False),
                },
                rounds,
            )
    return ratios(seconds["watched"], seconds["alone"]), quartiles(shares), quartiles(fetched)


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write {NAME}.json")
    arguments = parser.parse_args()
    rows: dict[str, Any] = {}
    for what, found in seen(arguments.starts).items():
        unit = "" if what == "changes a second" else " start, seconds to the first painting on screen"
        print(f"{what}{unit}: {found:.2f}, n = {found.n}")
        rows[f"{what}{unit}"] = found.rounded(3)
    try:
        over, share, fetched = cost(arguments.rounds)
    except RunError as error:
        sys.exit(f"no result: {error}")
    print(f"watched over alone, whole processes: {over:.3f}, n = {over.n}")
    print(f"live paintings' share of the training: {share:.2%}; {fetched:.1f} of them per second")
    rows |= {"watched over alone": over.rounded(4), "share": share.rounded(4), "fetched a second": fetched.rounded(2)}
    if arguments.write:
        results_file.write(NAME, rows | hardware.circumstances("starlette", "uvicorn", "playwright"))


if __name__ == "__main__":
    main()
