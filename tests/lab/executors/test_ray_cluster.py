"""Trials on a real Ray cluster of up to two nodes: workers, a node, and the driver are killed in mid-experiment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

import sfumato as sf
from sfumato.cli.main import main
from sfumato.errors import RunError
from sfumato.lab.executors import ray_cluster, versions
from sfumato.lab.executors.ray_cluster import RayExecutor
from sfumato.lab.experiment import run_plan
from tests.lab.executors import contract
from tests.lab.small_plan import small_plan, target
from tests.patience import eventually
from tests.small import picture

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]

LONG = {"budget": {"epochs": 1500}}
"""Changes after which a trial takes seconds: long enough to be killed in."""


class Nodes:
    """A cluster of nodes of one core, each with processes of its own: the head, and later two more.

    Every core has a worker, which imports everything, and every node has processes that import Ray.
    """

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def kill(self, node: Any) -> None:
        """Kill a node as when it loses power: its raylet, and with it its workers."""
        node.kill_raylet()
        self.cluster.remove_node(node, allow_graceful=False)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    before = dict(os.environ)
    made = Nodes()
    yield made
    made.cluster.shutdown()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def executor(nodes: Nodes) -> Iterator[RayExecutor]:
    """Yield an executor that stays connected: every connection starts workers of its own."""
    with RayExecutor(nodes.address) as connected:
        yield connected


def training_workers() -> list[int]:
    """Return the processes of Ray that train a trial now."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::verdict"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_the_caller_s_process_stays_as_it_was(nodes: Nodes) -> None:
    """Test it before others connect for longer."""
    before = dict(os.environ), signal.getsignal(signal.SIGTERM)
    with RayExecutor(nodes.address):
        assert ray.is_initialized()
    assert not ray.is_initialized()
    after = dict(os.environ), signal.getsignal(signal.SIGTERM)
    assert {name: value for name, value in after[0].items() if before[0].get(name) != value} == {}
    assert after == before


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:port"])
def test_a_cluster_that_is_not_there_is_one_line(address: str, tmp_path: Path) -> None:
    plan = small_plan({}, {"model": {"width": 9}}, seeds=1)
    with pytest.raises(RunError, match="executor must be ray, ray:local, or ray:HOST:PORT of a cluster") as caught:
        run_plan(plan, target(), tmp_path / "e", executor=f"ray:{address}")
    assert "\n" not in str(caught.value)


def test_the_contract(executor: RayExecutor) -> None:
    contract.check_numbers(executor)
    contract.check_reports(executor)
    contract.check_takes_as_it_trains(executor, ahead=2 * ray_cluster.AHEAD)


def test_every_row_is_there_once_after_a_worker_and_a_node_were_killed(
    nodes: Nodes,
    executor: RayExecutor,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    plan = small_plan(LONG, {**LONG, "model": {"width": 9}}, seeds=4)
    caplog.set_level("INFO", "sfumato")
    node, _other = (nodes.cluster.add_node(num_cpus=1) for _ in range(2))
    killed: list[int] = []
    ended = threading.Event()

    def kill() -> None:
        workers: list[int] = []
        while not ended.wait(0.05) and not workers:
            workers = training_workers()
        os.kill(workers[0], signal.SIGKILL)
        killed.append(workers[0])
        # Once others train, one node is lost with its worker.
        while not ended.wait(0.05) and len(set(training_workers()) - set(killed)) < 2:
            pass
        nodes.kill(node)
        killed.append(0)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        found = run_plan(plan, target(), tmp_path / "e", executor=executor)
    finally:
        ended.set()
        thread.join()
    assert len(killed) == 2
    # Ray notices the loss late, and tells every driver, whose standard output is for results.
    eventually(lambda: sum(bool(each["Alive"]) for each in ray.nodes()) == 2)
    eventually(lambda: "Ray: " in caplog.text)
    assert capsys.readouterr().out == ""
    contract.assert_like_local(found, tmp_path)


def test_a_killed_driver_comes_back_and_trains_nothing_again(
    nodes: Nodes, executor: RayExecutor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        *("compare", "--picture", "cat", "--picture.max-side", "12", "--arm", "a=model.width=8", "--arm"),
        *("b=model.width=9", "--model.depth", "2", "--seeds", "4", "--tune", "false", "--budget.epochs", "800"),
        "--json",
    ]
    on_ray = [*arguments, "--out", str(tmp_path / "e"), "--executor", f"ray:{nodes.address}"]
    driver = subprocess.Popen([sys.executable, "-m", "sfumato", *on_ray], stdout=subprocess.DEVNULL)
    rows = tmp_path / "e" / "trials.jsonl"
    eventually(lambda: driver.poll() is not None or (rows.exists() and rows.read_text().count("\n") >= 2))
    assert driver.poll() is None
    driver.kill()
    driver.wait()
    before = rows.read_text()
    # The cluster ends what the driver had started.
    eventually(lambda: not training_workers())
    # This process is connected already, and its workers are there.
    assert main(on_ray) == 0
    found = json.loads(capsys.readouterr().out)
    assert rows.read_text().startswith(before)
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    assert sorted((line["arm"], line["seed"]) for line in lines) == [(arm, seed) for arm in "ab" for seed in range(4)]
    assert main([*arguments, "--out", str(tmp_path / "l")]) == 0
    assert found["comparisons"] == json.loads(capsys.readouterr().out)["comparisons"] != []


def test_a_sweep_has_the_numbers_of_this_machine(executor: RayExecutor, tmp_path: Path) -> None:
    how: dict[str, Any] = {"sampler": "random", "trials": 5, "model": {"depth": 1}, "budget": {"epochs": 2}}
    space = {"training.optimizer": "adam(lr=1e-4..1e-1:log)"}
    wanted = sf.sweep(space, picture(8, 9), out=tmp_path / "local", workers=1, **how)
    found = sf.sweep(space, picture(8, 9), out=tmp_path / "ray", executor=executor, **how)
    for mine, other in zip(found.configurations, wanted.configurations, strict=True):
        assert (mine.number, mine.parameters, mine.psnr) == (other.number, other.parameters, other.psnr)
    assert len({each.psnr for each in found.configurations}) == 5


def test_a_network_that_ends_its_process_fails_alone(
    executor: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every try starts a worker.
    monkeypatch.setattr(ray_cluster, "RETRIES", 1)
    plan = small_plan({}, {"model": {"module": "tests.lab.broken_network:Deadly"}}, seeds=1)
    found = run_plan(plan, target(), tmp_path / "e", executor=executor)
    (dead,) = found.results(plan.arms[1]).values()
    assert dead["status"] == "failed"
    assert dead["reason"].startswith("its worker was lost 2 times")
    assert len(found.scores(plan.arms[0])) == 1


def test_a_node_with_other_versions_is_named(
    executor: RayExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sfumato.lab.executors.ray_task.versions", lambda: {"sfumato": "0.0.9", "torch": "2"})
    plan = small_plan({}, {"model": {"width": 9}}, seeds=1)
    with pytest.raises(RunError, match=r"cannot train: a node must have the driver's versions: sfumato 0\.0\.9, not"):
        run_plan(plan, target(), tmp_path / "e", executor=executor)
    assert versions.versions()["torch"] != "2"
