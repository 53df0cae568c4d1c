"""Runs as cards."""

from __future__ import annotations

import io
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image
from starlette.testclient import TestClient

from sfumato.runs import entry
from sfumato.studio.gallery import cards, thumbnails
from tests.runs import made


@pytest.fixture(autouse=True)
def _always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "REFRESH_SECONDS", 0.0)


def painted(folder: Path, color: tuple[int, int, int] = (200, 30, 30), size: tuple[int, int] = (640, 320)) -> Path:
    """Add a painting of one color to a run, and return its folder."""
    Image.new("RGB", size, color).save(folder / "painting.png")
    return folder


def names_of(studio: TestClient, query: str = "") -> list[str]:
    return [each["name"] for each in studio.get(f"/api/runs?{query}").json()["runs"]]


def test_a_card_describes_a_run(studio: TestClient, runs: Path) -> None:
    painted(made.run(runs, "one", model={"depth": 6}))
    (card,) = studio.get("/api/runs").json()["runs"]
    assert card["name"] == "one"
    assert card["differences"] == {"model.depth": "6"}
    assert (card["psnr"], card["seconds"], card["width"], card["height"]) == (21.5, 5.25, 7, 9)
    assert card["state"] == "done"
    assert "folder" not in card


def test_thumbnails_are_small_and_follow_the_painting(studio: TestClient, runs: Path) -> None:
    folder = painted(made.run(runs, "one"))
    first = studio.get("/api/runs").json()["runs"][0]["thumbnail"]
    answer = studio.get(first)
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (320, 160)
    kept = runs / ".studio" / "thumbnails" / "one.webp"
    written = kept.stat().st_mtime_ns
    studio.get(first)
    assert kept.stat().st_mtime_ns == written
    painted(folder, (30, 200, 30))
    os.utime(folder / "painting.png", (1, 1))
    second = studio.get("/api/runs").json()["runs"][0]["thumbnail"]
    assert second != first
    with Image.open(io.BytesIO(studio.get(second).content)) as image:
        red, green, _ = image.convert("RGB").getpixel((5, 5))  # pyright: ignore[reportGeneralTypeIssues]
        assert green > red


def test_a_broken_painting_is_reported(studio: TestClient, runs: Path) -> None:
    folder = made.run(runs, "one")
    assert studio.get("/api/runs").json()["runs"][0]["thumbnail"] is None
    assert studio.get("/api/runs/one/thumbnail.webp").status_code == 404
    (folder / "painting.png").write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    answer = studio.get("/api/runs/one/thumbnail.webp")
    assert answer.status_code == 409
    assert answer.json()["problem"] == "The painting of this run cannot be read."


def test_words_sort_state_and_pages(studio: TestClient, runs: Path) -> None:
    for number in range(7):
        result = {"psnr": 20.0 + number, "seconds": 9.0 - number, "epoch": 1.0, "step": 1}
        status = "stopped" if number == 3 else "done"
        made.run(runs, f"run-{number}", facts={"result": result, "status": status}, model={"depth": number + 1})
    assert names_of(studio, "sort=psnr")[0] == "run-6"
    assert names_of(studio, "sort=name")[0] == "run-0"
    assert names_of(studio, "sort=seconds")[0] == "run-6"
    assert names_of(studio, "words=depth=3%20done") == ["run-2"]
    assert names_of(studio, "state=stopped") == ["run-3"]
    assert len(names_of(studio, "state=stopped,done")) == 7
    page = studio.get("/api/runs?sort=name&size=3&page=3").json()
    assert (page["total"], page["page"], page["pages"]) == (7, 3, 3)
    assert [each["name"] for each in page["runs"]] == ["run-6"]
    assert page["states"] == {"done": 6, "stopped": 1}
    # Runs may have been deleted since the page was opened.
    assert studio.get("/api/runs?size=3&page=99").json()["page"] == 3
    assert studio.get("/api/runs?sort=color").status_code == 422
    assert studio.get("/api/runs?size=0").status_code == 404
    assert studio.get("/api/runs?size=501").status_code == 404


def test_changes_by_other_processes_are_shown(studio: TestClient, runs: Path) -> None:
    assert names_of(studio) == []
    folder = made.run(runs, "one", facts={"status": "running", "result": None})
    with FileLock(folder / "lock"):
        assert studio.get("/api/runs").json()["runs"][0]["state"] == "running"
    # The process was killed, and no file has changed.
    assert studio.get("/api/runs").json()["runs"][0]["state"] == "interrupted"
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**facts, "status": "done"}))
    assert studio.get("/api/runs").json()["runs"][0]["state"] == "done"


def test_only_changed_runs_are_read_again(studio: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        made.run(runs, f"run-{number}")
    names_of(studio)
    read: list[str] = []
    whole = entry.read
    monkeypatch.setattr(entry, "read", lambda folder: (read.append(folder.name), whole(folder))[1])
    names_of(studio)
    assert read == []
    (runs / "run-2" / "metrics.jsonl").write_text("{}\n")
    names_of(studio)
    assert read == ["run-2"]


def test_damaged_folders_are_shown_as_such(studio: TestClient, runs: Path) -> None:
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{")
    (card,) = studio.get("/api/runs").json()["runs"]
    assert card["state"] == "damaged"
    assert "run.json" in card["problem"]
    assert studio.get("/api/runs/broken").status_code == 409


@pytest.mark.parametrize("part", ["run.json", "metrics.jsonl", "lock", "moments"])
def test_a_card_follows_no_link(studio: TestClient, runs: Path, tmp_path: Path, part: str) -> None:
    folder = made.run(runs, "one", facts={"status": "running", "result": None})
    elsewhere = made.run(tmp_path, "elsewhere", model={"depth": 7})
    (folder / part).unlink(missing_ok=True)
    (folder / part).symlink_to(elsewhere / part)
    (card,) = studio.get("/api/runs").json()["runs"]
    assert card["state"] == "damaged"
    assert card["problem"] == f"{part} is a symbolic link, which the studio does not follow"
    assert card["differences"] == {}


def test_a_pipe_in_place_of_metrics_does_not_block(studio: TestClient, runs: Path) -> None:
    folder = made.run(runs, "one", facts={"status": "running", "result": None})
    os.mkfifo(folder / "metrics.jsonl")
    assert studio.get("/api/runs").json()["runs"][0]["psnr"] is None


@pytest.mark.slow
def test_a_first_read_does_not_block_other_requests(
    studio: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.run(runs, "one")
    looked = threading.Event()
    whole = entry.read
    monkeypatch.setattr(entry, "read", lambda folder: (looked.wait(30), whole(folder))[1])
    with ThreadPoolExecutor(60) as pool:
        # More requests than there are threads.
        lists = [pool.submit(studio.get, "/api/runs") for _ in range(60)]
        try:
            assert studio.get("/api/form").status_code == 200
            assert not any(each.done() for each in lists)
        finally:
            looked.set()
        assert all(each.result().json()["total"] == 1 for each in lists)


@pytest.mark.slow
def test_the_order_follows_changes(studio: TestClient, runs: Path) -> None:
    for number in range(3):
        made.run(runs, f"run-{number}", facts={"result": {"psnr": 20.0 + number, "seconds": 1.0}})
    assert names_of(studio, "sort=psnr") == ["run-2", "run-1", "run-0"]
    made.run(runs, "run-3", facts={"result": {"psnr": 21.5, "seconds": 1.0}})
    assert names_of(studio, "sort=psnr") == ["run-2", "run-3", "run-1", "run-0"]
    facts = json.loads((runs / "run-0" / "run.json").read_text())
    (runs / "run-0" / "run.json").write_text(json.dumps({**facts, "result": {"psnr": 99.0, "seconds": 1.0}}))
    assert names_of(studio, "sort=psnr") == ["run-0", "run-2", "run-3", "run-1"]
    (runs / "run-2" / "run.json").unlink()
    assert names_of(studio, "sort=psnr") == ["run-0", "run-3", "run-1"]
    for words in range(3 * cards.MAX_CACHED_LISTS):
        assert names_of(studio, f"words=nothing-{words}") == []
    assert names_of(studio, "words=RUN-3") == ["run-3"]


@pytest.mark.slow
def test_simultaneous_requests_for_one_thumbnail_succeed(runs: Path) -> None:
    folder = painted(made.run(runs, "one"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: thumbnails.read(runs, folder), range(32)))
    assert len(set(answers)) == 1


@pytest.mark.parametrize("studio_folder", ["a file", "a link"])
def test_thumbnails_do_not_need_their_folder(
    studio: TestClient, runs: Path, tmp_path: Path, studio_folder: str
) -> None:
    painted(made.run(runs, "one"))
    if studio_folder == "a file":
        (runs / ".studio").write_text("")
    else:
        (tmp_path / "outside").mkdir()
        (runs / ".studio").symlink_to(tmp_path / "outside")
    assert studio.get("/api/runs/one/thumbnail.webp").headers["content-type"] == "image/webp"
    if studio_folder == "a link":
        assert not list((tmp_path / "outside").iterdir())


def test_a_deleted_run_is_not_listed(studio: TestClient, runs: Path) -> None:
    made.run(runs, "kept")
    made.run(runs, "old")
    assert len(names_of(studio)) == 2
    assert studio.post("/api/runs/delete", json={"names": ["old"]}).json()["deleted"] == ["old"]
    assert names_of(studio) == ["kept"]


def test_deletion_skips_live_runs(studio: TestClient, runs: Path) -> None:
    painted(made.run(runs, "old"))
    studio.get("/api/runs/old/thumbnail.webp")
    live = made.run(runs, "live", facts={"status": "running"})
    with FileLock(live / "lock"):
        answer = studio.post("/api/runs/delete", json={"names": ["old", "live", "none", "old"]}).json()
    assert answer["deleted"] == ["old"]
    assert [each["name"] for each in answer["refused"]] == ["live", "none"]
    assert not (runs / "old").exists()
    assert not (runs / ".studio" / "thumbnails" / "old.webp").exists()
    assert live.exists()
    assert names_of(studio) == ["live"]


@pytest.mark.parametrize(
    "body", [{}, {"names": []}, {"names": "one"}, {"names": [1]}, {"names": ["a"], "all": True}, []]
)
def test_an_invalid_request_deletes_nothing(studio: TestClient, runs: Path, body: object) -> None:
    made.run(runs, "one")
    assert studio.post("/api/runs/delete", json=body).status_code == 422
    assert (runs / "one").exists()


def test_a_missing_folder_is_an_empty_gallery(tmp_path: Path) -> None:
    from tests.studio.client import client

    with client(tmp_path / "not-there") as studio:
        assert studio.get("/api/runs").json()["total"] == 0
    (tmp_path / "a-file").write_text("")
    with client(tmp_path / "a-file") as studio:
        assert studio.get("/api/runs").status_code == 409
