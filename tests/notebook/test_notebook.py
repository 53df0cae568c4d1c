"""Tests of the live figure in a notebook that a real kernel executes."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import sfumato as sf
from tests.patience import PATIENCE, eventually
from tests.small import SMALL, picture

pytestmark = pytest.mark.slow

SETUP = f"""
import sys
import numpy as np
import sfumato as sf
picture = np.linspace(0, 1, 24 * 32 * 3).reshape(24, 32, 3)
small = {SMALL!r}
long = {{**small, "budget": {{"seconds": 3}}, "evaluation": {{"interval": "auto"}}}}
"""


class Client(NotebookClient):
    """A client that records every display message."""

    def __init__(self, *cells: str, folder: Path) -> None:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (SETUP, *cells)])
        super().__init__(notebook, timeout=round(PATIENCE), resources={"metadata": {"path": str(folder)}})
        self.displayed: list[tuple[str, dict[str, Any], float, int]] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] in ("display_data", "update_display_data"):
            self.displayed.append((msg["msg_type"], msg["content"], time.monotonic(), cell_index))
        return super().process_message(msg, cell, cell_index)


def outputs(client: Client, cell: int) -> list[Any]:
    return [each for each in client.nb.cells[cell].outputs if each.output_type != "stream"]


CPU_CLOCK = """
import time, types
import sfumato.notebook.live, sfumato.training.overhead, sfumato.training.trainer
clock = types.SimpleNamespace(monotonic=time.thread_time, perf_counter=time.thread_time)
for module in (sfumato.notebook.live, sfumato.training.overhead, sfumato.training.trainer):
    module.time = clock
"""
"""Code that makes the kernel measure processor time, independent of the load of the machine."""


ENDLESS = 4
CELLS = (
    CPU_CLOCK + "sf.paint(picture, **long)",
    "run = sf.paint(picture, film='none', live=False, **small)\nrun",
    "run",
    "run = sf.paint(picture, **{**long, 'budget': {'seconds': 1000}})",
    "module = sf.load_run(run.folder).model()[0]\nsf.resume(run.folder, stop=lambda: True, film='none')",
    "sf.fit(module, picture, film='none', **small)",
    "print(sorted(path.name for path in run.folder.iterdir()), run.status)",
    "try:\n    sf.paint(picture, observers=[lambda s: 1 / (s.step < 5)], **small)\nexcept ZeroDivisionError:\n    pass",
    "try:\n    sf.paint('nowhere.png', **small)\nexcept sf.PictureError as error:\n    print(error)",
)
"""Cells after the setup, which is cell 0. While `ENDLESS` trains, the kernel is interrupted."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Return a client that has executed all cells in one kernel, since starting one and importing take longest."""
    client = Client(*CELLS, folder=tmp_path_factory.mktemp("notebook"))

    ended = threading.Event()

    def interrupt() -> None:
        eventually(lambda: ended.is_set() or sum(cell == ENDLESS for *_, cell in client.displayed) >= 3)
        if ended.is_set():
            return
        assert client.km is not None
        interruption: Any = client.km.interrupt_kernel()
        asyncio.run(interruption)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        client.execute()
    finally:
        ended.set()
        thread.join()
    return client


def test_one_figure_is_updated_in_place_and_replaced_by_the_run(client: Client) -> None:
    updates = [each for each in client.displayed if each[-1] < ENDLESS]
    kinds = [kind for kind, *_ in updates]
    assert kinds == ["display_data"] + ["update_display_data"] * (len(kinds) - 1)
    assert len({content["transient"]["display_id"] for _, content, _, _ in updates}) == 1
    # There are at most two updates per second, of training and of the film, and the first and the last.
    times = [when for _, _, when, _ in updates]
    assert 5 <= len(times) <= 2 * (times[-1] - times[0]) + 4
    pages = [content["data"]["text/html"] for _, content, _, _ in updates]
    middle = pages[len(pages) // 2]
    assert middle.count("data:image/webp;base64,") == 2
    assert re.search(r"epoch \d+\.\d\d   -?\d+\.\d\d dB   [\d.]+k? samples/s   0:0\d left", middle)
    assert "<polyline" in middle
    assert len({re.findall('src="([^"]*)"', page)[0] for page in pages[:-1]}) >= 3, "the painting changes"
    assert "<script" not in "".join(pages)

    figure, result = outputs(client, 1)
    assert figure.data["text/html"].startswith("<figure><img")
    assert "s of training" in figure.data["text/html"]
    # The run is not displayed twice in one cell, but it is in a later cell.
    assert "text/html" not in result.data
    assert result.data["text/plain"].startswith("Run(folder=")
    for cell in (2, 3):
        (result,) = outputs(client, cell)
        assert "dB after 3.00 epochs" in result.data["text/html"]

    runs = [
        json.loads(path.read_text())
        for path in (Path(client.resources["metadata"]["path"]) / "runs").glob("*/run.json")
    ]
    (longer,) = (each for each in runs if each["recipe"]["budget"]["seconds"] == 3)
    assert 0 < longer["overhead"]["seconds"]["notebook"] <= 0.05 * 3


def test_an_interrupt_stops_and_writes_all_files_and_an_error_keeps_the_figure(client: Client) -> None:
    (figure,) = outputs(client, ENDLESS)
    assert "dB stopped after" in figure.data["text/html"]
    assert "dB stopped after" in outputs(client, 5)[0].data["text/html"]
    assert "dB after 3.00 epochs" in outputs(client, 6)[0].data["text/html"]
    text = client.nb.cells[7].outputs[0].text
    assert text.rstrip().endswith("stopped")
    for name in ("painting.png", "learning.mp4", "curve.svg"):
        assert name in text
    (figure,) = outputs(client, 8)
    assert "ended by ZeroDivisionError" in figure.data["text/html"]
    assert outputs(client, 9) == []


def test_outside_of_notebooks_nothing_changes(tmp_path: Path) -> None:
    code = f"""
import signal, sys
import sfumato as sf
from tests.small import SMALL, picture
before = signal.getsignal(signal.SIGINT)
run = sf.paint(picture(), runs={str(tmp_path)!r}, film="none", **{{**SMALL, "engine": "fused"}})
assert run._repr_html_()
assert signal.getsignal(signal.SIGINT) is before
assert not [name for name in sys.modules if name.split(".")[0] in ("IPython", "ipykernel")]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_live_figure_is_refused_outside_of_notebooks(tmp_path: Path) -> None:
    with pytest.raises(sf.SfumatoError, match="live must be None or False outside of a Jupyter notebook"):
        sf.paint(picture(), runs=tmp_path / "runs", live=True, **SMALL)
    assert not list(tmp_path.iterdir())
