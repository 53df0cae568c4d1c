"""A run's name never leads outside of the folder of runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem
from tests.runs import made
from tests.studio import hostile_names

SECRET = b"nobody's business"

FILES = (
    "target.png",
    "painting.png",
    "live.jpg",
    "frames/0.png",
    "errors/0.png",
    "files/learning.mp4",
    "files/curve.svg",
)
PARTS = ("", "/metrics", "/events", "/thumbnail.webp", "/layers/1", "/tiles/0/0/0.png", *(f"/{name}" for name in FILES))

NAMES = [
    "..", ".", "../runs", "../outside", "/etc", "/etc/passwd", "..\\outside", ".studio", ".hidden", "%2e%2e",
    "a/../../outside", "\0", "a\0b", "x" * 300, "\n", "\u202e", "outside",
]  # fmt: skip


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a run next to the folder of runs."""
    folder = made.run(tmp_path, "outside")
    (folder / "painting.png").write_bytes(SECRET)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_hostile_names_are_refused(studio: TestClient, outside: Path, name: str) -> None:
    made.run(outside.parent / "runs", "inside")
    made.run(outside.parent / "runs", ".hidden")
    for part in PARTS:
        for written in (quote(name, safe=""), quote(quote(name, safe=""), safe=""), quote(name)):
            answer = studio.get(f"/api/runs/{written}{part}")
            # A URL that the client normalizes may be the gallery's.
            assert answer.status_code in (404, 405) or answer.url.path == "/api/runs"
            assert SECRET not in answer.content
    answer = studio.post("/api/runs/delete", json={"names": [name]})
    assert answer.json()["deleted"] == []
    assert (outside / "painting.png").read_bytes() == SECRET


def test_a_link_to_a_run_is_refused(studio: TestClient, runs: Path, outside: Path) -> None:
    (runs / "linked").symlink_to(outside)
    for part in PARTS:
        answer = studio.get(f"/api/runs/linked{part}")
        assert answer.status_code == 404
        assert SECRET not in answer.content
    assert studio.get("/api/runs").json()["runs"] == []
    assert studio.post("/api/runs/delete", json={"names": ["linked"]}).json()["deleted"] == []
    assert outside.exists()


@pytest.mark.parametrize("name", ["painting.png", "live.jpg", "learning.mp4", "curve.svg"])
def test_a_link_in_a_run_is_not_followed(studio: TestClient, runs: Path, outside: Path, name: str) -> None:
    folder = made.run(runs, "run")
    (folder / name).symlink_to(outside / "painting.png")
    at = f"files/{name}" if name in ("learning.mp4", "curve.svg") else name
    answer = studio.get(f"/api/runs/run/{at}")
    assert answer.status_code == 404
    assert SECRET not in answer.content
    assert studio.get("/api/runs/run/thumbnail.webp").status_code == 404
    assert studio.get("/api/runs/run").json()["files"] == {}


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "picture.npy", "frames", "moments", "lock"])
def test_a_run_with_links_in_it_is_not_read(studio: TestClient, runs: Path, outside: Path, name: str) -> None:
    folder = made.run(runs, "run")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(outside if name in ("frames", "moments") else outside / "painting.png")
    for part in PARTS:
        answer = studio.get(f"/api/runs/run{part}")
        assert answer.status_code == 409
        assert SECRET not in answer.content


def test_a_pipe_does_not_block(studio: TestClient, runs: Path) -> None:
    folder = made.run(runs, "run")
    for name in ("painting.png", "live.jpg", "learning.mp4"):
        os.mkfifo(folder / name)
    for part in ("painting.png", "live.jpg", "files/learning.mp4", "thumbnail.webp", "errors/last.png"):
        assert studio.get(f"/api/runs/run/{part}").status_code == 404


def test_uploads_are_not_written_through_a_link(studio: TestClient, runs: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (runs / ".studio").symlink_to(elsewhere)
    assert studio.post("/api/pictures", content=b"GIF89a").status_code == 507
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("text", ["", "-", "--5", "1e3", "0x1", "+1", "\u0661", "1" * 5000, "1.0", " 1", "1 "])
def test_numbers_are_decimal(text: str) -> None:
    with pytest.raises(Problem):
        run_paths.parse_int(text, -(10**30), 10**30, "the step")
    assert run_paths.parse_int("-12", -12, 0, "the step") == -12


@pytest.mark.slow
@settings(max_examples=50)
@given(
    st.binary(min_size=1, max_size=40)
    | st.text(min_size=1, max_size=20).map(lambda text: text.encode("utf-8", "replace"))
)
def test_a_name_of_any_bytes_is_encoded_and_decoded(data: bytes) -> None:
    name = os.fsdecode(data)
    encoded = run_paths.encode(name)
    assert run_paths.decode(encoded) == name
    # No character has a special meaning in a URL, a query, a list, or a page.
    assert all(letter.isalnum() or letter in "-_.~" for letter in encoded)
    # As in a browser, which accepts no lone surrogates.
    assert run_paths.in_url(name) == quote(encoded.encode(), safe="")


@pytest.mark.slow
def test_a_run_of_any_name_is_listed_shown_and_deleted(studio: TestClient, runs: Path, trained: sf.Run) -> None:
    written = hostile_names.copies(trained.folder, runs)
    assert len(written) > 10
    cards = studio.get("/api/runs?size=500").json()["runs"]
    assert sorted(run_paths.decode(card["name"]) for card in cards) == sorted(written)
    for card in cards:
        assert card["shown"].isprintable()
        # Pages build the URL like this.
        address = f"/api/runs/{quote(card['name'], safe='')}"
        about = studio.get(address)
        assert about.status_code == 200, card
        assert about.json()["name"] == card["name"]
        for path in (card["thumbnail"], f"{address}/metrics", f"{address}/target.png", *about.json()["files"].values()):
            assert studio.get(path).status_code == 200, path
    answer = studio.post("/api/runs/delete", content=json.dumps({"names": [card["name"] for card in cards]}))
    assert answer.json()["refused"] == []
    assert [path for path in runs.iterdir() if path.name != ".studio"] == []
    # No thumbnail is left.
    assert list((runs / ".studio" / "thumbnails").iterdir()) == []
