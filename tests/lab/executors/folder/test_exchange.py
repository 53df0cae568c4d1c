"""The shared folder's steps: one worker claims a trial, leases run out by the file system's clock, nothing is lost."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.lab.digits.data import Digits, Part
from sfumato.lab.executors.folder import exchange as exchanges
from sfumato.lab.executors.folder import messages
from sfumato.lab.executors.folder.entries import Entry
from sfumato.lab.executors.folder.exchange import KEPT_SECONDS, MAX_TRIAL_BYTES, SPREAD, TRIES, Exchange
from sfumato.lab.train import train
from tests.lab.executors import contract
from tests.lab.small_plan import target


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    made = Exchange(tmp_path / "shared")
    made.path.mkdir()
    made.create(lease=10)
    return made


def other(exchange: Exchange) -> Exchange:
    """Return the folder as another machine has it."""
    return Exchange(exchange.path)


def test_each_trial_is_claimed_once_by_many_at_the_same_time(exchange: Exchange) -> None:
    for number in range(60):
        exchange.add(Entry(number, f"n{number}", 0), b"{}")
    claimed: list[str] = []

    def claim() -> None:
        mine = other(exchange)
        for entry, _ in mine.waiting():
            if (claim := mine.claim(entry)) is not None:
                claimed.append(claim.entry.name)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(claimed) == {f"n{number}": 1 for number in range(60)}


def test_the_lowest_numbers_are_claimed_first(exchange: Exchange) -> None:
    numbers = [*range(100, 100 + SPREAD), *range(1000, 1020)]
    for number in reversed(numbers):
        exchange.add(Entry(number, f"n{number}", 0), b"{}")
    found = [entry.number for entry, _ in exchange.waiting()]
    assert sorted(found[:SPREAD]) == numbers[:SPREAD]
    assert found[SPREAD:] == numbers[SPREAD:]
    # Not all workers try the same one first.
    assert len({next(iter(exchange.waiting()))[0].number for _ in range(40)}) > 1


def test_outcomes_whose_driver_never_came_back_are_removed(exchange: Exchange) -> None:
    for name, age in (("new", KEPT_SECONDS - 100), ("old", KEPT_SECONDS + 100)):
        path = exchange.path / "outcomes" / name
        path.touch()
        then = path.stat().st_mtime - age
        os.utime(path, (then, then))
    other(exchange).create()
    assert exchange.outcomes() == {"new"}


def test_a_claim_that_nobody_touches_goes_back_and_counts(exchange: Exchange) -> None:
    exchange.add(Entry(1, "a", 0), b"{}")
    for tries in range(TRIES):
        ((entry, _),) = exchange.waiting()
        assert entry.tries == tries
        claim = other(exchange).claim(entry)
        assert claim is not None
        assert exchange.take_back(10, {"a"}) == []
        assert list(exchange.waiting()) == []
        os.utime(claim.path, (1, 1))
        assert claim.renew()
        # Renewed in time.
        assert exchange.take_back(10, {"a"}) == []
        os.utime(claim.path, (1, 1))
        lost = exchange.take_back(10, {"a"})
        assert not claim.renew()
        assert lost == ([] if tries < TRIES - 1 else [Entry(1, "a", TRIES)])
    assert exchange.entries() == {}


def test_the_age_of_a_claim_does_not_hang_on_this_machine_s_clock(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add(Entry(1, "a", 0), b"{}")
    ((entry, _),) = exchange.waiting()
    assert exchange.claim(entry) is not None
    monkeypatch.setattr("time.time", lambda: 9e9)
    assert exchange.take_back(10, {"a"}) == []
    assert exchange.count_claimed(10) == 1


def test_a_worker_whose_claim_is_lost_writes_no_outcome(exchange: Exchange) -> None:
    exchange.add(Entry(1, "a", 0), b"{}")
    ((entry, _),) = exchange.waiting()
    claim = exchange.claim(entry)
    assert claim is not None
    os.utime(claim.path, (1, 1))
    exchange.take_back(10, {"a"})
    exchange.finish(claim, b"late")
    assert exchange.outcomes() == set()
    assert set(exchange.entries()) == {"a"}


def test_an_outcome_that_is_written_while_its_trial_is_forgotten_is_removed(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add(Entry(1, "a", 0), b"{}")
    ((entry, _),) = exchange.waiting()
    claim = exchange.claim(entry)
    assert claim is not None
    write = exchanges.write_bytes

    def late(path: Path, data: bytes) -> None:
        other(exchange).forget({"a"})
        write(path, data)

    monkeypatch.setattr(exchanges, "write_bytes", late)
    exchange.finish(claim, b"late")
    assert exchange.outcomes() == set()
    assert exchange.entries() == {}


def test_a_worker_that_ends_gives_its_trial_back(exchange: Exchange) -> None:
    exchange.add(Entry(1, "a", 2), b"{}")
    ((entry, _),) = exchange.waiting()
    claim = exchange.claim(entry)
    assert claim is not None
    exchange.give_back(claim)
    ((again, _),) = exchange.waiting()
    assert again == entry
    # Nobody's any more, so nothing happens.
    exchange.give_back(claim)
    exchange.forget({"a"})
    assert exchange.entries() == {}


def test_reports_are_read_once_and_only_whole_lines(exchange: Exchange) -> None:
    assert exchange.reports("a", 0) == ([], 0)
    assert not exchange.report("a", [{"psnr": 1.5}, 1])
    points, read = exchange.reports("a", 0)
    assert points == [({"psnr": 1.5}, 1)]
    with (exchange.path / "reports" / "a").open("a") as file:
        file.write('[{"psnr": 2')
    assert exchange.reports("a", read) == ([], read)
    exchange.end_early("a")
    assert exchange.report("a", [{}, 2])


@pytest.mark.parametrize(
    "line", ["not JSON", "[1, 2]", "[{}]", '[{}, "two"]', '[{"psnr": "high"}, 1]', "[" * 9999, "5"]
)
def test_reports_of_something_else_are_left_out(line: str, exchange: Exchange) -> None:
    (exchange.path / "reports" / "a").write_text(f'{line}\n[{{"psnr": 2.5}}, 3]\n')
    assert exchange.reports("a", 0)[0] == [({"psnr": 2.5}, 3)]


def test_a_line_without_an_end_is_skipped(exchange: Exchange) -> None:
    (exchange.path / "reports" / "a").write_bytes(b"x" * (MAX_TRIAL_BYTES + 5) + b'\n[{"psnr": 2.5}, 3]\n')
    points, read = exchange.reports("a", 0)
    assert (points, read) == ([], MAX_TRIAL_BYTES)
    assert exchange.reports("a", read)[0] == [({"psnr": 2.5}, 3)]


def test_a_trial_of_another_driver_that_was_lost_too_often_is_left_to_it(exchange: Exchange) -> None:
    exchange.add(Entry(1, "a", TRIES - 1), b"{}")
    ((entry, _),) = exchange.waiting()
    claim = exchange.claim(entry)
    assert claim is not None
    os.utime(claim.path, (1, 1))
    assert exchange.take_back(10, {"b"}) == []
    # It is there for its own driver to find, but nobody trains it.
    assert exchange.count_claimed(10) == 0
    assert other(exchange).take_back(10, {"a"}) == [Entry(1, "a", TRIES)]


def test_a_target_with_other_content_is_refused(exchange: Exchange) -> None:
    name = exchange.add_target(b"picture")
    assert exchange.target(name) == b"picture"
    (exchange.path / "targets" / name).write_bytes(b"other")
    with pytest.raises(ValueError, match="has another hash"):
        exchange.target(name)
    with pytest.raises(ValueError, match="letters and digits only"):
        exchange.target("../../secret")


@given(st.text(max_size=40))
def test_other_files_are_no_entries(name: str) -> None:
    entry = Entry.of(name)
    assert entry is None or (entry.name.isalnum() and entry.number >= 0)


@given(st.integers(0, 10**9), st.from_regex(r"\A[0-9a-f]{1,32}\Z"), st.integers(0, 9))
def test_the_name_of_a_file_has_all_of_its_entry(number: int, name: str, tries: int) -> None:
    entry = Entry(number, name, tries)
    assert Entry.of(entry.file) == entry


def test_messages_come_back_as_they_were() -> None:
    for trial in contract.TRIALS:
        data = messages.of_trial(trial, "t", {"sfumato": "1"})
        assert messages.to_trial(json.loads(data)) == trial
        outcome = train(trial, target()[0])
        contract.assert_same(messages.to_outcome(messages.of_outcome(outcome), trial.key), outcome)
    assert np.array_equal(cast("Any", messages.to_target(messages.of_target(target()[0]))), target()[0])
    part = Part(np.arange(6, dtype=np.float32).reshape(3, 2), np.array([1, 2, 3]))
    back = messages.to_target(messages.of_target(Digits("some", part, part)))
    assert isinstance(back, Digits)
    assert back.facts() == Digits("some", part, part).facts()


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_other_bytes_are_refused_as_outcomes_and_targets(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a file that Sfumato wrote|lacks"):
        messages.to_outcome(data, contract.TRIALS[0].key)
    with pytest.raises(ValueError, match="not a file that Sfumato wrote|lacks"):
        messages.to_target(data)


def test_an_outcome_of_another_trial_is_refused() -> None:
    outcome = train(contract.TRIALS[0], target()[0])
    with pytest.raises(ValueError, match="of another trial"):
        messages.to_outcome(messages.of_outcome(outcome), contract.TRIALS[-1].key)
