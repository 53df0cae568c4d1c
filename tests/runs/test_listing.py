"""Tests of lists of runs: entries, orders, filters, and damaged folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from sfumato.errors import RunError
from sfumato.runs import entry, listing
from tests.runs import made


def test_an_entry_describes_its_run(tmp_path: Path) -> None:
    model = {"depth": 6, "activation": "sine(omega=3)"}
    folder = made.run(tmp_path, "a", model=model, picture={"source": "photo.jpg"}, budget={"epochs": 3})
    found = entry.read(folder)
    assert found.state == "done"
    assert found.picture == "photo.jpg"
    assert found.psnr == 21.5
    assert found.seconds == 5.25
    assert found.differences == {"model.depth": "6", "model.activation": "sine(omega=3)", "budget.epochs": "3"}
    assert found.difference == "model.depth=6 model.activation=sine(omega=3) budget.epochs=3"
    assert found.as_json()["started"] == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize("status", ["running", "paused"])
def test_a_run_without_its_process_was_interrupted(tmp_path: Path, status: str) -> None:
    folder = made.run(tmp_path, "a", facts={"status": status, "result": None})
    (folder / "metrics.jsonl").write_text('{"psnr": 11, "seconds": 1}\n{"psnr": 12.5, "seconds": 2}\n{"psnr": 13')
    with FileLock(folder / "lock"):
        assert entry.read(folder).state == status
    found = entry.read(folder)
    assert found.state == "interrupted"
    assert found.status == status
    assert (found.psnr, found.seconds) == (12.5, 2)


def test_a_held_lock_does_not_make_a_run_unfinished(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a")
    with FileLock(folder / "lock"):
        assert entry.read(folder).state == "done"


def test_listing_creates_no_files(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", facts={"status": "running"})
    listing.entries(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["run.json"]


def broken(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "run.json").write_text(text)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (broken(""), "cannot read run.json"),
        (broken("[" * 100_000), "cannot read run.json"),
        (broken('{"layout": 3}'), "must have layout 2. Got 3: a newer Sfumato made it"),
        (broken('{"layout": 1}'), "must have layout 2. Got 1: an older Sfumato made it; paint again"),
        (broken('{"layout": 2}'), "no status or no recipe"),
        (broken('{"layout": 2, "status": 3, "recipe": {}}'), "no status or no recipe"),
        (lambda folder: (folder / "run.json").write_bytes(b"\xff\xfe"), "cannot read run.json"),
        (lambda folder: (folder / "run.json").replace(folder / "metrics.jsonl"), "no such file"),
    ],
)
def test_damaged_folders_are_listed(tmp_path: Path, damage: Callable[[Path], object], problem: str) -> None:
    damage(made.run(tmp_path, "a"))
    (found,) = listing.entries(tmp_path)
    assert found.state == "damaged"
    assert problem in found.problem
    assert found.problem in found.difference
    assert "\n" not in found.problem


def test_a_held_folder_without_run_json_counts_as_running(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", facts={"layout": 99})
    with FileLock(folder / "lock"):
        assert entry.read(folder).state == "running"
    assert entry.read(folder).state == "damaged"
    (folder / "lock").unlink()
    (folder / "lock").symlink_to(tmp_path / "elsewhere")
    assert entry.is_held(folder)
    assert entry.read(folder).state == "damaged"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX")
def test_a_pipe_in_place_of_run_json_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a/run.json")
    (found,) = listing.entries(tmp_path)
    assert found.problem == "cannot read run.json: not a regular file."


@pytest.mark.parametrize(
    "facts",
    [
        {"result": 3, "started": 5, "finished": [], "recipe": {"model": 4, "budget": [], "picture": None}},
        {
            "result": {"psnr": "x", "seconds": float("nan")},
            "started": "",
            "recipe": {"engine": [1], "new": {"field": 10**400}},
        },
        {"result": {"psnr": True}, "started": "yesterday", "recipe": {}},
    ],
)
def test_invalid_values_are_left_out(tmp_path: Path, facts: dict[str, object]) -> None:
    made.run(tmp_path, "a", facts=facts)
    (found,) = listing.entries(tmp_path)
    assert found.state == "done"
    assert (found.psnr, found.seconds, found.started) == (None, None, None)


def test_control_characters_are_replaced(tmp_path: Path) -> None:
    made.run(tmp_path, "a\x1b[2J", picture={"source": "\x1b[2Jcat\nq"}, facts={"status": "do\rne"})
    (found,) = listing.entries(tmp_path)
    assert found.picture == "?[2Jcat?q"
    assert found.state == "do?ne"
    assert found.printable_name == "a?[2J"


def test_only_runs_are_listed(tmp_path: Path) -> None:
    made.run(tmp_path, "a")
    made.run(tmp_path, ".hidden")
    (tmp_path / "other").mkdir()
    (tmp_path / "file").write_text("")
    assert [each.name for each in listing.entries(tmp_path)] == ["a"]
    assert listing.entries(tmp_path / "nowhere") == []
    with pytest.raises(RunError, match=r"not a directory.*--runs"):
        listing.entries(tmp_path / "file")


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """Make runs whose names, times, PSNRs, and seconds each give another order."""
    for name, second, psnr, seconds in (("b", 1, 30.0, 3.0), ("d", 3, 20.0, 1.0), ("a", 2, None, 2.0)):
        facts = {"started": f"2026-01-01T00:00:0{second}+0000", "result": {"psnr": psnr, "seconds": seconds}}
        made.run(tmp_path, name, facts=facts, model={"depth": second})
    made.run(tmp_path, "c", facts={"layout": 99})
    os.utime(tmp_path / "c", (0, 0))
    os.utime(tmp_path / "c/run.json", (0, 0))
    return tmp_path


@pytest.mark.parametrize(
    ("sort", "names"), [("started", "dabc"), ("psnr", "bdca"), ("seconds", "dabc"), ("name", "abcd")]
)
def test_sort_keys(several: Path, sort: str, names: str) -> None:
    assert "".join(each.name for each in listing.filter_and_sort(listing.entries(several), sort=sort)) == names


def test_runs_of_one_second_are_sorted_by_descending_name(tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        made.run(tmp_path, name)
    assert [each.name for each in listing.entries(tmp_path)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("words", "names"),
    [("DEPTH=3", "d"), ("cat", "dab"), ("cat depth=1", "b"), ("damaged", "c"), ("autograd", "dab"), ("zz", "")],
)
def test_filters(several: Path, words: str, names: str) -> None:
    assert "".join(each.name for each in listing.filter_and_sort(listing.entries(several), words)) == names


def test_an_unknown_sort_key(several: Path) -> None:
    with pytest.raises(RunError, match="did you mean 'psnr'"):
        listing.filter_and_sort([], sort="psrn")


def test_find(tmp_path: Path) -> None:
    older = made.run(tmp_path, "one-cat", facts={"started": "2026-01-01T00:00:00+0000"})
    newer = made.run(tmp_path, "two-cat")
    whole = made.run(tmp_path, "cat", facts={"started": "2025-01-01T00:00:00+0000"})
    assert listing.find(str(older), tmp_path) == older
    assert listing.find("one", tmp_path) == older
    assert listing.find("cat", tmp_path) == whole
    assert listing.find("", tmp_path) == newer
    with pytest.raises(RunError, match="Got 2 such runs .*two-cat, one-cat"):
        listing.find("-cat", tmp_path)
    with pytest.raises(RunError, match="did you mean one-cat"):
        listing.find("one-cta", tmp_path)
    with pytest.raises(RunError, match="no runs in"):
        listing.find("", tmp_path / "nowhere")


@pytest.mark.slow
def test_listing_imports_no_torch(tmp_path: Path) -> None:
    made.run(tmp_path, "a")
    code = (
        "import sys; from sfumato.cli.main import main; main(['runs', '--runs', sys.argv[1]]);"
        "sys.exit(bool({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "21.50" in done.stdout
