"""Malicious run folders: every response is one plain line, in bounded time and memory."""

from __future__ import annotations

import itertools
import json
import os
import resource
import shutil
import struct
import time
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.runs import layout, queued, weights
from sfumato.studio.form import uploads
from sfumato.studio.gallery import thumbnails
from tests.studio import irregular

MAX_SECONDS = 20.0
"""Limit of the processor time, in seconds, for all routes of one run."""

RUN_PATHS = (
    "",
    "/metrics",
    "/target.png",
    "/painting.png",
    "/live.jpg",
    "/frames/0.png",
    "/errors/last.png",
    "/errors/0.png",
    "/files/curve.svg",
    "/files/learning.mp4",
    "/thumbnail.webp",
)


@pytest.fixture
def folder(runs: Path, trained: sf.Run) -> Path:
    """Return the folder of a valid run, to be damaged."""
    shutil.copytree(trained.folder, runs / "one")
    return runs / "one"


def test_links_in_the_studio_s_folder_are_not_followed(runs: Path, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    partial, thumbnail = elsewhere / ".precious.partial", elsewhere / "one.webp"
    for path in (partial, thumbnail):
        path.write_text("precious")
        os.utime(path, (0, 0))
    (runs / ".studio").mkdir(exist_ok=True)
    (runs / ".studio" / "linked").symlink_to(elsewhere)
    shutil.rmtree(runs / ".studio" / "thumbnails", ignore_errors=True)
    (runs / ".studio" / "thumbnails").symlink_to(elsewhere)
    uploads.sweep(runs)
    thumbnails.forget(runs, folder.name)
    assert partial.read_text() == thumbnail.read_text() == "precious"


def test_partial_uploads_of_long_ago_are_removed(runs: Path) -> None:
    pictures = runs / ".studio" / "pictures"
    pictures.mkdir(parents=True)
    old, new = pictures / ".a.partial", pictures / ".b.partial"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    uploads.sweep(runs)
    assert list(pictures.iterdir()) == [new]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")
def test_a_cached_thumbnail_that_is_no_file_is_made_anew(runs: Path, folder: Path) -> None:
    assert thumbnails.read(runs, folder)[8:12] == b"WEBP"
    cached = runs / ".studio" / "thumbnails" / "one.webp"
    cached.unlink()
    os.mkfifo(cached)
    written = (folder / "painting.png").stat().st_mtime_ns
    os.utime(cached, ns=(written, written))
    assert thumbnails.read(runs, folder)[8:12] == b"WEBP"


def test_numbers_that_no_float_holds_and_times_that_no_calendar_has(
    studio: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads((folder / "run.json").read_text())
    facts["recipe"]["budget"] = {"seconds": 10**400, "epochs": 10**400}
    facts["finished"] = None
    (folder / "run.json").write_text(json.dumps(facts))
    assert studio.get("/api/runs/one").status_code == 200

    class Calendar(datetime):
        @classmethod
        def fromtimestamp(cls, timestamp: float, tz: Any = None) -> Any:
            raise ValueError("year 33658 is out of range")

    monkeypatch.setattr("sfumato.runs.entry.datetime", Calendar)
    assert studio.get("/api/runs").status_code == 200


@pytest.mark.parametrize("stored", ["", "..", "linked"])
def test_a_queued_run_takes_no_picture_from_elsewhere(runs: Path, folder: Path, tmp_path: Path, stored: str) -> None:
    (runs / "linked").symlink_to(tmp_path)
    waiting = queued.enqueue(runs, sf.preset("fast"), folder)
    facts = json.loads((waiting / "run.json").read_text())
    (waiting / "run.json").write_text(json.dumps({**facts, "picture": {"source": "cat", "stored": stored}}))
    with pytest.raises(sf.RunError, match="picture.stored must be the name of a run there, not a link"):
        queued.read(waiting)


def request_all(studio: TestClient, capfd: pytest.CaptureFixture[str]) -> dict[str, int]:
    """Request every route of a run, and return the status of each; fail on server errors."""
    before, began = peak_memory(), time.process_time()
    found: dict[str, int] = {}
    assert studio.get("/api/runs").status_code == 200
    for path in RUN_PATHS:
        answer = studio.get(f"/api/runs/one{path}")
        found[path] = answer.status_code
        assert answer.status_code < 500, (path, answer.text)
        if answer.status_code >= 400:
            problem = answer.json()["problem"]
            assert "\n" not in problem
            assert "Traceback" not in problem
    assert time.process_time() - began < MAX_SECONDS
    assert peak_memory() - before < 800_000_000
    assert capfd.readouterr().err == ""
    return found


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def changed(folder: Path, **values: Any) -> None:
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**facts, **values}))


def test_a_valid_run(studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = request_all(studio, capfd)
    assert [found[path] for path in ("", "/metrics", "/target.png", "/painting.png", "/thumbnail.webp")] == [200] * 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        ("run.json",),
        ("metrics.jsonl",),
        ("picture.npy",),
        ("lock",),
        # Each has its own routes, and blocks no other.
        ("painting.png", "live.jpg", "request", "frames/000000000000.png", "moments/000000000000.safetensors"),
    ],
    ids=["run.json", "metrics.jsonl", "picture.npy", "lock", "others"],
)
@pytest.mark.parametrize("what", ["large", "pipe", "folder", "link to itself", "device"])
def test_a_file_that_is_not_regular(
    studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str], names: tuple[str, ...], what: str
) -> None:
    for name in names:
        irregular.replace(folder / name, what)
    found = request_all(studio, capfd)
    if "painting.png" in names:
        # The run itself can be read, so each of the others was requested.
        assert found[""] == found["/metrics"] == found["/target.png"] == 200
    assert studio.post("/api/runs/one/stop").status_code in (404, 409)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "deep"),
    [
        *itertools.product(("recipe", "provenance", "result", "findings", "looking", "picture", "resumed"), (900,)),
        *itertools.product(("recipe", "picture"), (400,)),
        # Too deep to be parsed, in any field.
        ("recipe", 100_000),
    ],
)
def test_deeply_nested_facts(
    studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str], where: str, deep: int
) -> None:
    text = json.dumps({**json.loads((folder / "run.json").read_text()), where: "HERE"})
    (folder / "run.json").write_text(text.replace('"HERE"', '{"a":' * deep + "NaN" + "}" * deep))
    request_all(studio, capfd)


@pytest.mark.slow
def test_long_nested_metrics_take_little_memory(
    studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = {"epoch": 1.0, "samples": 9, "seconds": 1.0, "loss": 0.1, "psnr": 9.0, "stats": {"layers": {"name": ["x"]}}}
    nested = json.dumps({"more": [[]] * 200_000})[1:-1]
    with (folder / "metrics.jsonl").open("w") as file:
        for step in range(60):
            file.write(json.dumps({**line, "step": step}).replace('"name"', f'{nested}, "name"') + "\n")
    assert request_all(studio, capfd)["/metrics"] == 200
    path = folder / "metrics.jsonl"
    path.write_text(path.read_text().replace('"more"', '"stable_rank"'))
    answer = studio.get("/api/runs/one/metrics")
    assert answer.status_code == 409
    assert "stats.layers.stable_rank: List should have at most 2000 items" in answer.json()["problem"]


def test_of_many_moments_some_are_read(studio: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, read = weights.moment_of, list[Path]()
    first = layout.of_steps(folder, layout.MOMENTS)[0]
    for step in range(10_000, 11_000):
        (folder / layout.moment(step)).hardlink_to(first)
    monkeypatch.setattr(weights, "moment_of", lambda path: (read.append(path), moment(path))[1])
    moments = studio.get("/api/runs/one").json()["moments"]
    assert len(moments) == len(read) == 2 * layout.MAX_MOMENTS
    assert moments[-1]["step"] == 10_999
    assert studio.get("/api/runs/one/metrics").status_code == 200
    assert len(read) == 4 * layout.MAX_MOMENTS


def test_a_recipe_of_many_fields_makes_a_short_card(
    studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changed(folder, recipe={f"x{number}": "y" * 1000 for number in range(900)})
    request_all(studio, capfd)
    answer = studio.get("/api/runs")
    assert len(answer.content) < 100_000
    assert answer.json()["runs"][0]["differences"]["x0"].startswith("yyy")


@pytest.mark.slow
def test_large_facts(studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    changed(folder, provenance={"cpu": "x" * 100_000_000})
    found = request_all(studio, capfd)
    assert found[""] == 409


@pytest.mark.slow
@pytest.mark.parametrize("side", [9_000, 60_000, 2**31 - 1])
def test_a_painting_that_is_a_decompression_bomb(
    studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str], side: int
) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes(min(side * (side // 8 + 1), 20_000_000)), 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (folder / "painting.png").write_bytes(bomb)
    found = request_all(studio, capfd)
    assert found["/errors/last.png"] == 409


@pytest.mark.parametrize("name", ["one\ntwo", "\udcff\udcfe", "‮gnp.exe", "a" * 255, "%2e%2e", "a b?c#d", "é"])
def test_unusual_names(studio: TestClient, folder: Path, runs: Path, name: str) -> None:
    folder.rename(runs / name)
    answer = studio.get("/api/runs")
    (card,) = answer.json()["runs"]
    assert answer.status_code == 200
    if card["thumbnail"]:
        assert studio.get(card["thumbnail"]).status_code in (200, 404)


def test_a_run_that_is_deleted_while_it_is_read(
    studio: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from sfumato.studio.web import run_paths

    original = run_paths.file

    def deleted(*arguments: Any) -> Path:
        found = original(*arguments)
        found.unlink()
        return found

    monkeypatch.setattr(run_paths, "file", deleted)
    request_all(studio, capfd)


@pytest.mark.slow
@pytest.mark.usefixtures("inspector_in_process")
def test_weights_of_another_network(studio: TestClient, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for kind in ("shape", "dtype", "names", "none", "text"):
        shutil.copytree(folder, folder.with_name(kind))
        damage_weights(folder.with_name(kind), kind)
        for part in ("ranks", "histograms", "layers/1", "layers/1/sheet.png", "layers/1/units/0", "tiles/0/0/0.png"):
            answer = studio.get(f"/api/runs/{kind}/{part}")
            fits = kind == "dtype" and answer.status_code == 200
            assert answer.status_code == 409 or fits, (kind, part, answer.text)
        assert "Traceback" not in capfd.readouterr().err, kind


@pytest.mark.parametrize("channels", [5, 30_000, 128_000_000])
def test_a_picture_of_too_many_channels(studio: TestClient, folder: Path, channels: int) -> None:
    about = json.loads((folder / "run.json").read_text())["picture"]
    changed(folder, picture={**about, "height": 1, "width": 1, "channels": channels})
    with pytest.raises(sf.RunError, match=r"picture\.channels must be a whole number from 1 to 4"):
        _ = sf.load_run(folder).facts


def damage_weights(folder: Path, kind: str) -> None:
    path = sorted((folder / "moments").iterdir())[-1]
    weights = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, framework="numpy") as file:
        about = file.metadata()
    match kind:
        case "shape":
            weights = {name: np.zeros((3, 5, 7), np.float32) for name in weights}
        case "dtype":
            weights = {name: value.astype(np.int8) for name, value in weights.items()}
        case "names":
            weights = {f"x{name}": value for name, value in weights.items()}
        case "none":
            weights = {}
        case _:
            about = {"moment": '{"epoch": "soon"}'}
    safetensors.numpy.save_file(weights, path, metadata=about)
