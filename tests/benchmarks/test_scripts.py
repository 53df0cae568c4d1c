"""Every benchmark runs, with settings so small that its numbers mean nothing."""

from __future__ import annotations

import io
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import concurrent_vs_eager
import flushed
import fused_vs_peers
import numpy as np
import pytest
import torch
from fused_vs_peers import measure
from numpy.typing import NDArray
from PIL import Image
from worker import AbsentError, RequestHandler, Worker

from sfumato.cli.main import main

FOLDER = Path(fused_vs_peers.__file__).parent

pytestmark = pytest.mark.slow


def script(name: str, *arguments: str) -> str:
    """Return the script's output. It runs in this process, which has imported most modules already."""
    printed, threads = io.StringIO(), torch.get_num_threads()
    try:
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
            patch.setattr(sys, "argv", [f"{name}.py", *arguments])
            runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, printed.getvalue()
    finally:
        torch.set_num_threads(threads)
    return printed.getvalue()


def test_documents_name_the_scripts_that_run_here() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (FOLDER.parent / "docs").rglob("*.md"))
    documented = set(re.findall(r"python benchmarks/(\w+)\.py", text))
    tested = set(re.findall(r'script\("(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    assert documented == tested
    assert all((FOLDER / f"{name}.py").exists() for name in documented)


class PersistentWorker(Worker):
    """A worker that outlives its first user: each takes seconds to start."""

    def close(self) -> None:
        """Keep the process running."""

    def end(self) -> None:
        super().close()


class LocalWorker(Worker):
    """A worker without a process of its own, whose results come through no pipe."""

    def __init__(self, name: str, threads: int) -> None:
        self._handler = RequestHandler(name, threads)

    def close(self) -> None: ...

    def _request(self, request: tuple[Any, ...]) -> Any:
        return self._handler.handle(*request)


Workers = Callable[[str, int], Worker]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Return workers: engine fused on one thread in a process of its own, as in measurements; the others here."""
    persistent, threads = PersistentWorker("fused", 1), torch.get_num_threads()
    try:
        yield lambda name, count: persistent if (name, count) == ("fused", 1) else LocalWorker(name, count)
    finally:
        persistent.end()
        torch.set_num_threads(threads)


def test_fused_vs_peers(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.Worker", workers)
    printed = script("fused_vs_peers", "tiny", "--rounds", "2", "--steps", "3", "--sides", "PyTorch eager", "JAX")
    assert "fused, 1 thread over PyTorch eager, 1 thread" in printed
    assert "fused: 2 threads over 1" in printed
    there = (
        "fused, 1 thread over JAX, 1 thread" if find_spec("jax") else "left out: JAX, 1 thread: jax is not installed"
    )
    assert there in printed


def test_equal_seconds(tmp_path: Path) -> None:
    image = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)).save(image)
    some = ["--seconds", "0.001", "0.002", "--seeds", "2", "--rounds", "2", "--only", "adam"]
    lines = script("equal_seconds", "--picture", str(image), *some).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| `adam`, `autograd`",
        "| `adam`, `fused`",
    ]
    assert all(re.search(r"\| \d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\) \|$", line) for line in lines[2:])


def test_those_that_take_minutes_at_least_import_and_teach() -> None:
    # What it trains and writes is tested in test_optimizers_result.py.
    assert "--minutes" in script("optimizers_result", "--help")
    # Each starts a studio and listens to it or opens it in a browser for half a minute at least.
    assert "--clients" in script("studio_load", "--help")
    assert "--starts" in script("studio_watching", "--help")
    assert "--runs" in script("studio_gallery", "--help")


def test_executors() -> None:
    assert "many {'trials': 20, " in script("executors", "--part", "many", "--trials", "20")


def test_trial_index() -> None:
    printed = script("trial_index", "--experiments", "2", "--trials", "20", "--rounds", "2")
    assert "40 trials of 2 experiments" in printed
    assert re.search(r"load_trials with conditions, new process: .* s, of the processor .* s, n = 2", printed)


def test_studio_sweep() -> None:
    found = json.loads(script("studio_sweep", "--configurations", "12", "--times", "2"))
    assert found["configurations"] == 12
    assert len(found["seconds"]) == 2
    assert found["bytes"] > found["compressed_bytes"] > 0


def test_components_vs_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("ROWS", 16), ("COLUMNS", 40)):
        monkeypatch.setattr(f"settings.{name}", size)
    some = ["activation/relu", "encoding/dense_grid", "--rounds", "2", "--threads", "1", "--seconds", "0.001"]
    lines = script("components_vs_eager", *some).splitlines()
    assert [line.split(",")[0] for line in lines] == ["activation/relu", "encoding/dense_grid"]
    assert all(re.search(r"1 thread +\d+\.\d\d \(.*\) times as fast as PyTorch eager, n = 2", line) for line in lines)


def test_split_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("ROWS", 16), ("COLUMNS", 40)):
        monkeypatch.setattr(f"settings.{name}", size)
    printed = script("split_cost", "random", "--rounds", "2", "--seconds", "0.001", "--threads", "1")
    assert re.search(r"random, 1 thread: \d\.\d+ .* times the time without a split, n = 2; ", printed)


def test_hash_grid(tmp_path: Path) -> None:
    image = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)).save(image)
    printed = script("hash_grid", str(tmp_path), "--seconds", "0.01")
    found = re.search(r"noise +[\d.]+ dB after .*; parameters are (\d+)% of the picture's values\n", printed)
    assert found is not None
    assert int(found[1]) <= 70
    assert "n = 1" in printed


def test_fidelity(tmp_path: Path) -> None:
    image, out = tmp_path / "noise.png", tmp_path / "fidelity.md"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 24, 3), np.uint8)).save(image)
    printed = script("fidelity", str(image), "--quick", "--only", "coin-5x20")
    assert re.fullmatch(r"\[1/1\] coin-5x20 noise 2: ([\d.]+) dB, the transcription \1 dB .* a step\n", printed)
    more = [str(image), "--only", "coin-5x20", "--steps", "3", "--folder", str(tmp_path), "--page", "--out", str(out)]
    assert "coin-5x20 noise 3: " in script("fidelity", *more)
    assert "| `coin-5x20` | 3 of 50,000 | 1 |" in out.read_text(encoding="utf-8")
    assert script("fidelity", *more) == "", "the row is kept"


def test_share_of_products() -> None:
    printed = script("share_of_products", "tiny", "--rounds", "2", "--steps", "2")
    assert "tiny, 2 threads: products" in printed


def test_ceilings() -> None:
    printed = script("ceilings", "--rounds", "2", "--blocks", "L1")
    assert "ours over MKL" in printed


def test_online_vs_replica() -> None:
    assert "times the replica, n = 2" in script("online_vs_replica", "--rounds", "2", "--samples", "20")


def test_flushed() -> None:
    printed = script("flushed", "--rounds", "2", "--steps", "2", "--size", "12x9")
    assert "gaussian: " in printed
    assert "times as fast with subnormal numbers flushed to 0, n = 2" in printed


def test_final_layer() -> None:
    printed = script("final_layer", "--max-side", "12", "--epochs", "2", "--seeds", "1")
    assert re.search(r"^cat, 2 epochs: [\d.]+ dB trained, gain -?[\d.]+ \(.*\) dB, n = 1$", printed, re.MULTILINE)


def test_speedrun_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    small = flushed.picture(12, 9)
    monkeypatch.setattr(flushed, "picture", lambda: small)
    printed = script("speedrun_profile", "--rounds", "2", "--steps", "2", "--threads", "1")
    assert "products of the network: " in printed
    assert "evaluation, off the clock: " in printed


def test_concurrent_vs_eager() -> None:
    sizes = ("--networks", "2", "--width", "8", "--batch", "16", "--steps", "3")
    printed = script("concurrent_vs_eager", "--rounds", "2", *sizes)
    for kind in concurrent_vs_eager.KINDS:
        assert f"concurrent, 2 threads over the fastest of {kind}" in printed


def test_paint_command(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    run_elsewhere = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        if Path(command[0]).name != "sfumato":
            return run_elsewhere(command, **options)
        commands.append(command)
        assert main(command[1:]) == 0
        return None

    # Run the command in this process, since three subprocesses would import everything again.
    monkeypatch.setattr(subprocess, "run", run)
    printed = script("paint_command", "1 epoch", "--rounds", "2", "--size", "12x9")
    assert len(commands) == 3
    assert "1 epoch, this: " in printed
    assert "of which not training" in printed


def test_one_network_whose_losses_differ_gives_no_result() -> None:
    task = concurrent_vs_eager.problem(3, 8, 16)
    compared = concurrent_vs_eager.sides(task, pytorch=False)
    right = compared["fused in turn, 1 threads"]

    def wrong(pixels: NDArray[np.int64]) -> list[float]:
        first, second, third = right.train(pixels)
        return [first, second * 1.001, third]

    compared["fused in turn, 1 threads"] = right._replace(train=wrong)
    with pytest.raises(SystemExit, match="no result: fused in turn, 1 threads, network 1: its loss is"):
        concurrent_vs_eager.measure(compared, task, 2, 3)


class WrongSide:
    """A side whose losses are wrong by a thousandth."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def prepare(self, setting: str) -> None:
        self._worker.prepare(setting)

    def train(self, setting: str, number: int, steps: int) -> tuple[float, float]:
        seconds, loss = self._worker.train(setting, number, steps)
        return seconds, loss * 1.001


def test_a_side_with_wrong_losses_or_none_gets_no_ratio(workers: Workers) -> None:
    fused, other = workers("fused", 1), workers("PyTorch eager", 1)
    right = measure("tiny", {("fused", 1): fused, ("PyTorch eager", 1): other}, 2, 3)
    wrong = measure("tiny", {("fused", 1): fused, ("PyTorch eager", 1): WrongSide(other)}, 2, 3)
    # A side that cannot run gets no ratio either, and gives the reason.
    with pytest.raises(AbsentError, match="KeyError"):
        fused.prepare("no such setting")
    assert not right.refused
    assert set(right.seconds) == {("fused", 1), ("PyTorch eager", 1)}
    assert list(wrong.refused) == ["PyTorch eager, 1 thread"]
    assert set(wrong.seconds) == {("fused", 1)}


def test_null_comparisons_are_counted() -> None:
    some = ("--count", "1", "--seeds", "2", "--epochs", "0.2")
    assert script("null_comparisons", *some, "--unlike").endswith("no difference shown in 1 of 1\n")


def test_chosen_rates_prints_a_table() -> None:
    assert script("chosen_rates", "--repeats", "1", "--shapes", "flat", "cliff", "--seeds", "5").count("\n| ") == 2


def test_the_search_of_several_numbers_is_compared_with_a_grid(tmp_path: Path) -> None:
    image = tmp_path / "tile.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)).save(image)
    some = ["--side", "8", "--epochs", "1", "--seeds", "1", "--trials", "4"]
    printed = script("tuning_vs_grid", "--pictures", str(image), *some)
    assert re.search(r"\| tile \| sine \| [\d.]+ \| [\d.]+ \| [+-][\d.]+ \| \d+% \|", printed)
    assert re.search(r"fourier: [+-][\d.]+ dB, at worst [+-][\d.]+, at \d+% of the cost", printed)
