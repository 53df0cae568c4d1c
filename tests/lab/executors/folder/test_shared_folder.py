"""The executor of a shared folder, with real workers: processes that are killed, and drivers that come back."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sfumato.cli.main import main
from sfumato.errors import RunError
from sfumato.lab.executors.folder import exchange as exchanges
from sfumato.lab.executors.folder import executor as drivers
from sfumato.lab.executors.folder import messages
from sfumato.lab.executors.folder import worker as workers
from sfumato.lab.executors.folder.entries import Claim, Entry
from sfumato.lab.executors.folder.exchange import TRIES, Exchange
from sfumato.lab.executors.folder.executor import FolderExecutor
from sfumato.lab.executors.folder.worker import work
from sfumato.lab.executors.processes import TrainingProcess
from sfumato.lab.executors.versions import versions
from sfumato.lab.experiment import run_plan
from sfumato.lab.train import train
from tests.lab.executors import contract
from tests.lab.small_plan import small_plan, target
from tests.patience import PATIENCE, eventually

LEASE = 1.5
LONG = {"budget": {"epochs": 1500}}
"""Changes after which a trial takes seconds: long enough to be killed in."""


@contextmanager
def worker_thread(path: Path, counts: list[int] | None = None) -> Iterator[list[str]]:
    """Run a worker of one subprocess in a thread; yield what it says, and add to ``counts`` how many trials ended."""
    said: list[str] = []
    ended = threading.Event()

    def run() -> None:
        count = work(path, 1, stop=ended.is_set, say=said.append)
        if counts is not None:
            counts.append(count)

    thread = threading.Thread(target=run)
    path.mkdir(exist_ok=True)
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()


def made(path: Path) -> Exchange:
    """Return a new shared folder, as a driver makes it."""
    path.mkdir(exist_ok=True)
    exchange = Exchange(path)
    exchange.create()
    return exchange


def worker_process(path: Path, *arguments: str) -> subprocess.Popen[str]:
    path.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "sfumato", "worker", str(path), "--workers", "1", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def files(path: Path) -> set[str]:
    """Return the files that are left of trials."""
    return {
        f"{each.parent.name}/{each.name}"
        for each in path.rglob("*")
        if each.is_file() and each.parent.name in ("waiting", "claimed", "outcomes", "reports")
    }


@pytest.mark.slow
def test_the_contract(tmp_path: Path) -> None:
    with worker_thread(tmp_path / "shared"):
        executor = FolderExecutor(tmp_path / "shared")
        contract.check_numbers(executor)
        contract.check_reports(executor)
        contract.check_takes_as_it_trains(executor, ahead=drivers.FEWEST_AHEAD)
    assert files(tmp_path / "shared") == set()


@pytest.mark.slow
def test_a_killed_worker_s_trial_is_trained_by_another(tmp_path: Path) -> None:
    plan, shared = small_plan(LONG, {**LONG, "model": {"width": 9}}, seeds=2), tmp_path / "shared"
    first, killed = worker_process(shared), list[int]()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05) and not list(shared.glob("claimed/*")):
            pass
        # The worker and its subprocess, as when a machine loses power.
        os.killpg(first.pid, signal.SIGKILL)
        killed.append(first.wait())
        with worker_thread(shared):
            ended.wait()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        found = run_plan(plan, target(), tmp_path / "e", executor=FolderExecutor(shared, lease=LEASE))
    finally:
        ended.set()
        thread.join()
        first.communicate()
    assert killed == [-signal.SIGKILL]
    contract.assert_like_local(found, tmp_path)
    assert files(shared) == set()


@pytest.mark.slow
def test_a_killed_driver_finds_what_ended_meanwhile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared = tmp_path / "shared"
    arguments = [
        *("compare", "--picture", "cat", "--picture.max-side", "12", "--arm", "a=model.width=8", "--arm"),
        *("b=model.width=9", "--model.depth", "2", "--seeds", "5", "--tune", "false", "--budget.epochs", "200"),
        *("--out", str(tmp_path / "e"), "--executor", f"folder:{shared}", "--json"),
    ]
    command = [sys.executable, "-m", "sfumato", *arguments]
    counts: list[int] = []
    with worker_thread(shared, counts):
        driver = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        rows = tmp_path / "e" / "trials.jsonl"
        eventually(lambda: driver.poll() is not None or (rows.exists() and rows.read_text().count("\n") >= 2))
        assert driver.poll() is None
        driver.kill()
        driver.wait()
        before = rows.read_text()
        # The worker goes on with what waits.
        eventually(lambda: len(list((shared / "outcomes").glob("*"))) >= 2)
        assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert rows.read_text().startswith(before)
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    assert sorted((line["arm"], line["seed"]) for line in lines) == [(arm, seed) for arm in "ab" for seed in range(5)]
    # Nothing that had ended was trained again.
    assert counts == [10]
    assert files(shared) == set()
    assert main([*arguments[:-5], "--out", str(tmp_path / "local"), "--json"]) == 0
    assert found["comparisons"] == json.loads(capsys.readouterr().out)["comparisons"] != []


def test_an_outcome_that_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    exchange = made(tmp_path / "shared")
    trial = contract.TRIALS[0]
    name = messages.name_of(messages.of_trial(trial, exchange.add_target(messages.of_target(target()[0])), versions()))
    wanted = train(trial, target()[0])
    (tmp_path / "shared" / "outcomes" / name).write_bytes(messages.of_outcome(wanted))
    (found,) = [
        (outcome, files(tmp_path / "shared"))
        for outcome in FolderExecutor(tmp_path / "shared")([trial], target(), lambda: False)
    ]
    contract.assert_same(found[0], wanted)
    # While the caller writes it, it is still there, and nothing else is.
    assert found[1] == {f"outcomes/{name}"}


@pytest.mark.slow
def test_a_trial_whose_processes_die_fails_after_some_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every try starts a subprocess.
    tries = 2
    assert tries < TRIES
    for module in (exchanges, workers):
        monkeypatch.setattr(module, "TRIES", tries)
    plan = small_plan({}, {"model": {"module": "tests.lab.broken_network:Deadly"}}, seeds=1)
    with worker_thread(tmp_path / "shared"):
        found = run_plan(plan, target(), tmp_path / "e", executor=FolderExecutor(tmp_path / "shared"))
    (dead,) = found.results(plan.arms[1]).values()
    assert dead["status"] == "failed"
    assert dead["reason"].startswith(f"{tries} times its process died")
    assert len(found.scores(plan.arms[0])) == 1


def test_a_worker_imports_only_what_its_user_allowed(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    exchange = made(shared)
    trial = contract.TRIALS[0]
    data = json.loads(messages.of_trial(trial, "0", versions()))
    data["recipe"]["model"] = {**data["recipe"]["model"], "module": "os:system"}
    exchange.add(Entry(1, "a1", 0), json.dumps(data).encode())
    with worker_thread(shared) as said:
        eventually(lambda: said)
    assert "it imports os:system; if you trust that code, start the worker with --allow os:system" in said[0]
    assert files(shared) == {f"waiting/{Entry(1, 'a1', 0).file}"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"versions": {"sfumato": "0.0.9", "torch": versions()["torch"]}}, "its driver has sfumato 0.0.9, not"),
        ({"layout": 99}, "its driver has another layout"),
        ({"recipe": {"model": {"width": -1}}}, "it is damaged: RecipeError"),
        ({"key": 5}, "it is damaged"),
        ({"marks": None}, "it is damaged"),
    ],
)
def test_trials_of_others_are_left_alone(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    exchange = made(shared)
    data = {**json.loads(messages.of_trial(contract.TRIALS[0], "0", versions())), **change}
    exchange.add(Entry(1, "a1", 0), json.dumps(data).encode())
    with worker_thread(shared) as said:
        eventually(lambda: said)
    assert message in said[0]
    assert len(files(shared)) == 1


def test_a_damaged_outcome_is_trained_again(tmp_path: Path) -> None:
    shared, plan = tmp_path / "shared", small_plan({}, {"model": {"width": 9}}, seeds=1)
    exchange = made(shared)
    name = exchange.add_target(messages.of_target(target()[0]))
    for trial in contract.TRIALS[:1]:
        data = messages.of_trial(trial, name, versions())
        (shared / "outcomes" / messages.name_of(data)).write_bytes(b"\x10\0\0\0\0\0\0\0not safetensors")
    with worker_thread(shared):
        found = run_plan(plan, target(), tmp_path / "e", executor=FolderExecutor(shared))
    contract.assert_like_local(found, tmp_path)


def test_a_trial_that_ends_while_claims_are_renewed_takes_no_process_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[TrainingProcess] = []
    renew = Claim.renew

    def start() -> TrainingProcess:
        started.append(TrainingProcess())
        return started[-1]

    def slow(self: Claim) -> bool:
        # As over a busy network: the trial ends meanwhile, and another one begins.
        if not threading.current_thread().name.startswith("sfumato-worker-"):
            time.sleep(0.15)
        return renew(self)

    monkeypatch.setattr(workers, "TrainingProcess", start)
    monkeypatch.setattr(Claim, "renew", slow)
    plan = small_plan({}, {"model": {"width": 9}}, seeds=20)
    with worker_thread(tmp_path / "shared"):
        found = run_plan(plan, target(), tmp_path / "e", executor=FolderExecutor(tmp_path / "shared", lease=0.6))
    assert len(found.rows) == 40
    assert len(started) == 1


@pytest.mark.parametrize("is_signaled", [False, True], ids=["idle", "signaled"])
def test_a_worker_ends_when_it_has_been_idle_or_is_told_to(
    is_signaled: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "shared")
    waiting, original = threading.Event(), Exchange.waiting

    def waited(self: Exchange) -> Any:
        waiting.set()
        return original(self)

    def end() -> None:
        if waiting.wait(PATIENCE):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Exchange, "waiting", waited)
    thread = threading.Thread(target=end)
    if is_signaled:
        thread.start()
    idle = [] if is_signaled else ["--idle", "0.1"]
    assert main(["worker", str(tmp_path / "shared"), "--workers", "1", *idle]) == 0
    assert capsys.readouterr().out == "0 trials ended\n"
    if is_signaled:
        thread.join()


@pytest.mark.parametrize("who", ["driver", "worker"])
def test_an_error_of_the_file_system_is_one_line(who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, plan = tmp_path / "shared", small_plan({}, {"model": {"width": 9}})

    def deny(self: Exchange, *_: object) -> list[Entry]:
        raise PermissionError(errno.EACCES, "Permission denied", str(self.path / "claimed"))

    def delete(self: Exchange, *_: object) -> list[Entry]:
        shutil.rmtree(self.path)
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(self.path / "claimed"))

    for number, (fault, message) in enumerate([(deny, "claimed: permission denied"), (delete, "was deleted or moved")]):
        made(shared)
        (shared / "waiting" / Entry(1, "a", 0).file).write_text("{}")
        monkeypatch.setattr(Exchange, "take_back" if who == "driver" else "waiting", fault)
        with pytest.raises(RunError, match=message):
            if who == "driver":
                run_plan(plan, target(), tmp_path / str(number), executor=FolderExecutor(shared))
            else:
                work(shared, 1, idle=PATIENCE)


def test_a_folder_that_a_killed_driver_had_begun_to_make_is_completed(tmp_path: Path) -> None:
    (tmp_path / "shared" / "targets").mkdir(parents=True)
    Exchange(tmp_path / "shared").create()
    assert Exchange(tmp_path / "shared").is_there


def test_other_folders_are_refused(tmp_path: Path) -> None:
    plan, absent = small_plan({}, {"model": {"width": 9}}), tmp_path / "absent"
    for use in (
        lambda: work(absent, 1, idle=0.1),
        lambda: run_plan(plan, target(), tmp_path / "e", executor=FolderExecutor(absent), stop=lambda: True),
        lambda: run_plan(plan, target(), tmp_path / "n", executor=f"folder:{absent}", stop=lambda: True),
    ):
        with pytest.raises(RunError, match="absent must be a folder that this machine shares. Got none; make it, or"):
            use()
    assert not absent.exists()
    assert not (tmp_path / "n").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    (tmp_path / "a-file").touch()
    for use in (
        lambda: work(tmp_path / "other", 1, idle=0.1),
        lambda: run_plan(plan, target(), tmp_path / "e", executor=FolderExecutor(tmp_path / "other")),
        lambda: run_plan(plan, target(), tmp_path / "e", executor=FolderExecutor(tmp_path / "a-file")),
    ):
        with pytest.raises(RunError, match="must be a folder of --executor folder:DIR, or empty"):
            use()
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "exchange.json").write_text('{"layout": 2, "lease": 60}')
    with pytest.raises(RunError, match="must have layout 1. Got 2, which another Sfumato made"):
        work(tmp_path / "newer", 1, idle=0.1)


def test_a_driver_says_which_command_to_start_while_no_worker_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Test it before any worker came, and after the only one fell silent; a worker that trains lets it be quiet."""
    exchange, said = made(tmp_path / "the shared"), list[int]()
    caplog.set_level("INFO", "sfumato")
    monkeypatch.setattr(drivers, "RECONCILE_SECONDS", 0.0)
    monkeypatch.setattr(drivers, "POLL_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(drivers, "PATIENCE_SECONDS", 0.05)
    start, claims = time.monotonic(), list[Claim]()

    def stop() -> bool:
        said.append(caplog.text.count("no worker trains them"))
        if said[-1] == 1 and not claims:
            ((entry, _),) = exchange.waiting()
            claim = exchange.claim(entry)
            assert claim is not None
            claims.append(claim)
        elif claims and len(said) == silent_from:
            # Its machine lost power long ago.
            os.utime(claims[0].path, (1, 1))
        return said[-1] == 2 or time.monotonic() - start > PATIENCE

    silent_from = 40
    assert list(FolderExecutor(exchange.path)(contract.TRIALS[:1], target(), stop)) == []
    assert said[-1] == 2
    assert f"1 trial waits in {exchange.path}, and no worker trains them" in caplog.text
    assert f"(sfumato worker '{exchange.path}')" in caplog.text
    # While the claim was young, nothing more was said.
    assert said[silent_from - 1] == 1
