"""A real kernel executes a real notebook."""

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
    """Remembers every message about displays, and can interrupt."""

    def __init__(self, *cells: str, folder: Path) -> None:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (SETUP, *cells)])
        super().__init__(notebook, timeout=round(PATIENCE), resources={"metadata": {"path": str(folder)}})
        self.shown: list[tuple[str, dict[str, Any], float, int]] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] in ("display_data", "update_display_data"):
            self.shown.append((msg["msg_type"], msg["content"], time.monotonic(), cell_index))
        return super().process_message(msg, cell, cell_index)


def outputs(client: Client, cell: int) -> list[Any]:
    return [each for each in client.nb.cells[cell].outputs if each.output_type != "stream"]


AT_WORK = """
import time, types
import sfumato.notebook.live, sfumato.training.overhead, sfumato.training.trainer
clock = types.SimpleNamespace(monotonic=time.thread_time, perf_counter=time.thread_time)
for module in (sfumato.notebook.live, sfumato.training.overhead, sfumato.training.trainer):
    module.time = clock
"""
"""Seconds are those in which the kernel works, not those in which a busy machine does something else."""


ENDLESS = 4
CELLS = (
    AT_WORK + "sf.paint(picture, **long)",
    "run = sf.paint(picture, film='none', live=False, **small)\nrun",
    "run",
    "run = sf.paint(picture, **{**long, 'budget': {'seconds': 1000}})",
    "module = sf.load_run(run.folder).model()[0]\nsf.resume(run.folder, stop=lambda: True, film='none')",
    "sf.fit(module, picture, film='none', **small)",
    "print(sorted(path.name for path in run.folder.iterdir()), run.status)",
    "try:\n    sf.paint(picture, observers=[lambda s: 1 / (s.step < 5)], **small)\nexcept ZeroDivisionError:\n    pass",
    "try:\n    sf.paint('nowhere.png', **small)\nexcept sf.PictureError as error:\n    print(error)",
)
"""After the setup, which is cell 0; while `ENDLESS` trains, the kernel is interrupted."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """One that has executed all cells in one kernel: to start it and to import costs more than they do."""
    client = Client(*CELLS, folder=tmp_path_factory.mktemp("notebook"))

    ended = threading.Event()

    def interrupt() -> None:
        eventually(lambda: ended.is_set() or sum(cell == ENDLESS for *_, cell in client.shown) >= 3)
        if ended.is_set():
            return
        assert client.km is not None
        asked: Any = client.km.interrupt_kernel()
        asyncio.run(asked)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        client.execute()
    finally:
        ended.set()
        thread.join()
    return client


def test_one_figure_that_changes_in_place_and_ends_as_the_run(client: Client) -> None:
    shown = [each for each in client.shown if each[-1] < ENDLESS]
    kinds = [kind for kind, *_ in shown]
    assert kinds == ["display_data"] + ["update_display_data"] * (len(kinds) - 1)
    assert len({content["transient"]["display_id"] for _, content, _, _ in shown}) == 1
    # At most two a second, of training and of film; and the first and the last.
    times = [when for _, _, when, _ in shown]
    assert 5 <= len(times) <= 2 * (times[-1] - times[0]) + 4
    pages = [content["data"]["text/html"] for _, content, _, _ in shown]
    middle = pages[len(pages) // 2]
    assert middle.count("data:image/webp;base64,") == 2
    assert re.search(r"epoch \d+\.\d\d   -?\d+\.\d\d dB   [\d.]+k? samples/s   0:0\d left", middle)
    assert "<polyline" in middle
    assert len({re.findall('src="([^"]*)"', page)[0] for page in pages[:-1]}) >= 3, "the painting changes"
    assert "<script" not in "".join(pages)

    figure, result = outputs(client, 1)
    assert figure.data["text/html"].startswith("<figure><img")
    assert "s of training" in figure.data["text/html"]
    # Not shown twice; but in a cell of its own it is.
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


def test_an_interrupt_stops_and_writes_everything_and_an_error_leaves_the_figure(client: Client) -> None:
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


def test_elsewhere_nothing_changes(tmp_path: Path) -> None:
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


def test_no_figure_can_be_asked_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(sf.SfumatoError, match="live must be None or False outside of a Jupyter notebook"):
        sf.paint(picture(), runs=tmp_path / "runs", live=True, **SMALL)
    assert not list(tmp_path.iterdir())
