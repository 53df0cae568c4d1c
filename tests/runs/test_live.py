"""Tests of the live view: live.jpg exists only while a viewer watches."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato import images
from sfumato.errors import RunError
from sfumato.recipe import Recipe, changed
from sfumato.runs import layout, weights
from sfumato.runs.observers import live
from sfumato.runs.weights import Moment
from sfumato.training import Overhead, resolve
from tests.runs import made
from tests.small import SMALL, picture

_REPLICA_RECIPE = {
    "engine": "replica",
    "coordinates": {"range": "unit", "align_corners": True},
    "model": {"activation": "leaky_relu(0.01)"},
    "training": {"batch": 1, "optimizer": "sgd(lr=0.1, fan_in_scaling=true)"},
    "budget": {"epochs": 2},
}


def train(folder: Path, watch: Any, **changes: Any) -> None:
    """Train a small network; `made.write` calls ``watch`` before and after each snapshot is written."""
    small = changed(changed(Recipe(), SMALL), {"training": {"batch": 100, "optimizer": "adam(lr=0.001)"}})
    recipe = resolve(changed(small, {"budget": {"epochs": 8}, **changes}))
    folder.mkdir()
    # The checkerboard of the picture is left out, since this network does not learn it.
    target = picture(40, 30)[:, :, [0, 1, 1]]
    made.write(folder, recipe, target, watch)


@pytest.fixture(autouse=True)
def without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SECONDS_PER_UPDATE", 0.0)
    monkeypatch.setattr(live.LiveView, "overhead", Overhead.unlimited())
    monkeypatch.setattr(live, "COARSE_OVERHEAD", Overhead(1e9, frontloaded=True))


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"engine": "fused"}, {**_REPLICA_RECIPE, "engine": "online"}, _REPLICA_RECIPE])
def test_a_viewer_sees_the_painting(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder, errors = tmp_path / "run", []

    def watch(after: bool, snapshot: Any) -> None:
        (folder / layout.WATCHED).touch()
        # In the first epochs many outputs are those of much earlier weights.
        if after and (snapshot.step == 0 or snapshot.epoch >= 2):
            with Image.open(folder / layout.LIVE) as image:
                pixels = np.asarray(image.resize((30, 40), Image.Resampling.NEAREST)) / 255
            # JPEG is lossy, and the outputs are some steps old.
            errors.append(np.abs(pixels - images.to_srgb(snapshot.painting(), "srgb")).mean())
            # The metrics are in the same file, long before the first evaluation.
            assert weights.read_live_moment(folder) == Moment.of(snapshot)

    train(folder, watch, **changes)
    assert len(errors) > 1
    assert max(errors) < 0.05
    assert not (folder / layout.LIVE).exists()
    assert not (folder / layout.WATCHED).exists()


@pytest.mark.slow
def test_without_a_viewer_there_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def watch(after: bool, snapshot: Any) -> None:
        assert not (folder / layout.LIVE).exists()

    train(folder, watch)


def test_a_viewer_that_left_is_forgotten(tmp_path: Path) -> None:
    watched = tmp_path / layout.WATCHED
    assert not live.is_watched(tmp_path)
    watched.touch()
    assert live.is_watched(tmp_path)
    long_ago = time.time() - live.SECONDS_UNWATCHED - 1
    os.utime(watched, (long_ago, long_ago))
    assert not live.is_watched(tmp_path)


@pytest.mark.slow
def test_the_live_view_respects_its_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.LiveView, "overhead", Overhead(0.0, frontloaded=True))
    folder, written = tmp_path / "run", []

    def watch(after: bool, snapshot: Any) -> None:
        (folder / layout.WATCHED).touch()
        path = folder / layout.LIVE
        if after and path.exists():
            written.append(snapshot.overhead.under_way)
            path.unlink()

    train(folder, watch)
    # One update is before the first step, where it delays no training, and one after the last.
    assert True not in written[2:]
    assert False in written


@pytest.mark.slow
def test_a_full_disk_does_not_end_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RunError("cannot write: no space left on device.")

    monkeypatch.setattr(live, "write_bytes", full)
    folder = tmp_path / "run"
    train(folder, lambda after, snapshot: (folder / layout.WATCHED).touch())
    assert (folder / layout.PAINTING).exists()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_any_picture_becomes_a_jpeg(tmp_path: Path, channels: int) -> None:
    painting = np.zeros((50, 640, channels), np.float32)
    moment = Moment(0.5, 7, 1.5, 0.25, None, 0.1)
    live._write(tmp_path / layout.LIVE, painting, moment)
    assert weights.read_live_moment(tmp_path) == moment
    with Image.open(tmp_path / layout.LIVE) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= live.MAX_SIDE
        # Transparent pixels become white.
        assert image.convert("L").getpixel((3, 3)) == (255 if channels == 4 else 0)


@pytest.mark.parametrize("comment", [b"", b"\xff", b"[]", b"{}", b"[" * 60_000, b'{"step": "1"}', b'"x"', b"null"])
def test_invalid_metrics_in_the_file_are_ignored(tmp_path: Path, comment: bytes) -> None:
    assert weights.read_live_moment(tmp_path) is None
    Image.new("RGB", (3, 2)).save(tmp_path / layout.LIVE, format="JPEG", comment=comment)
    assert weights.read_live_moment(tmp_path) is None
    (tmp_path / layout.LIVE).write_bytes(b"\xff\xd8" + comment)
    assert weights.read_live_moment(tmp_path) is None
