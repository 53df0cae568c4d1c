"""The list of sweeps: the latest first, in bounded time, whatever one of them is."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from starlette.testclient import TestClient

from sfumato.studio.sweeps import database, listing, page
from tests.studio.sweeps import made
from tests.studio.sweeps.made import Configuration


def test_the_list_has_the_best_as_the_page_has_it(studio: TestClient, root: Path) -> None:
    results = {"parameters": 1234567}
    made.sweep(root / "one", [Configuration(results=results, values=[1234567.0])], objectives=["parameters"])
    assert studio.get("/api/sweeps/one").json()["curve"]["value"] == [1234567]
    assert studio.get("/api/sweeps").json()["sweeps"][0]["best"] == 1234567


def test_sweeps_are_listed_the_latest_first(studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert studio.get("/api/sweeps").json() == {"sweeps": [], "left_out": 0}
    made.sweep(root / "one", [Configuration(20.0), Configuration(25.5), Configuration(0.0, "diverged")])
    made.sweep(root / "t w#o", [])
    (root / "none").mkdir()
    (root / "linked").symlink_to(root / "one")
    with FileLock(root / "t w#o" / "lock"):
        two, one = studio.get("/api/sweeps").json()["sweeps"]
    assert (two["name"], two["shown"], two["live"], two["tried"], two["best"]) == ("t~20w~23o", "t w#o", True, 0, None)
    assert (one["name"], one["live"], one["tried"], one["best"]) == ("one", False, 3, 25.5)
    assert studio.get(f"/api/sweeps/{two['name']}").json()["number"] == []
    monkeypatch.setattr(listing, "MAX_LISTED", 1)
    found = studio.get("/api/sweeps").json()
    assert ([each["shown"] for each in found["sweeps"]], found["left_out"]) == (["t w#o"], 1)


def test_one_sweep_that_cannot_be_read_leaves_the_others_in_the_list(
    studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("deleted", "denied", "fault", "good"):
        made.sweep(root / name, [Configuration()])
    opens, about = Path.open, page.about
    errors = {"denied": PermissionError(13, "Permission denied"), "deleted": FileNotFoundError(2, "No such file")}
    faults: list[str] = []

    def refusing(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "sweep.db" and (error := errors.get(path.parent.name)):
            raise error
        return opens(path, *arguments, **options)

    def failing(folder: Path, spec: Any) -> Any:
        if folder.name == "fault":
            faults.append(folder.name)
            raise KeyError("a fault of the program")
        return about(folder, spec)

    monkeypatch.setattr(Path, "open", refusing)
    monkeypatch.setattr(page, "about", failing)
    for _ in range(2):
        listed = {each["name"]: each for each in studio.get("/api/sweeps").json()["sweeps"]}
        assert listed["good"]["best"] == 20
        assert "permission denied" in listed["denied"]["problem"]
        assert "Restore it" in listed["deleted"]["problem"]
        assert "see its terminal" in listed["fault"]["problem"]
    # The terminal has it once, although the page asks again and again.
    assert faults == ["fault"]
    assert "a fault of the program" in capsys.readouterr().err
    assert [studio.get(f"/api/sweeps/{name}").status_code for name in ("denied", "deleted", "fault")] == [409, 404, 500]


def test_a_list_that_is_long_to_read_is_read_in_parts(
    studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        made.sweep(root / name, [Configuration()])
    monkeypatch.setattr(listing, "MAX_LIST_SECONDS", 0.0)
    assert ["best" in each for each in studio.get("/api/sweeps").json()["sweeps"]] == [False, False]
    monkeypatch.setattr(listing, "MAX_LIST_SECONDS", 60.0)
    assert [each["best"] for each in studio.get("/api/sweeps").json()["sweeps"]] == [20, 20]


def test_held_databases_leave_time_for_others(studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made.sweep(root / "one", [Configuration()])
    made.sweep(root / "two", [Configuration(22.0)])
    os.utime(folder / "sweep.db", (2e9, 2e9))
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.5)
    monkeypatch.setattr(listing, "MAX_LIST_SECONDS", 0.4)
    with closing(sqlite3.connect(folder / "sweep.db", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        answers = [studio.get("/api/sweeps").json()["sweeps"] for _ in range(2)]
        writer.execute("ROLLBACK")
    assert [each["name"] for each in answers[0]] == ["one", "two"]
    assert ["best" in two for _, two in answers] == [False, True]
