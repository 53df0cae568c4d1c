"""Tests of paintings from few samples, compared with paintings from all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sfumato as sf
from sfumato.render.painter import INVISIBLE_RMSE, MIN_SAMPLES, TOLERANCE, AdaptiveResolution, Painter
from tests.small import SMALL

SIZE = (150, 200)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    """Return a run whose network paints waves of about 20 pixels from the start."""
    picture = np.random.default_rng(0).random((*SIZE, 3), np.float32)
    model = {"activation": "sine(5)", "init": "gaussian(1)", "width": 16, "depth": 2}
    changes = {**SMALL, "model": model, "budget": {"steps": 3}, "evaluation": {"interval": "end"}}
    return sf.paint(picture, runs=tmp_path_factory.mktemp("runs"), film="none", **changes)


def paint_first(
    run: sf.Run, monkeypatch: pytest.MonkeyPatch, stride: float
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Paint the first moment with an initial stride; return the painting and all sizes that were sampled."""
    sizes: list[tuple[int, int]] = []
    paint_loaded = Painter.paint_loaded

    def recorded(self: Painter, rows: int, columns: int) -> np.ndarray:
        sizes.append((rows, columns))
        return paint_loaded(self, rows, columns)

    monkeypatch.setattr("sfumato.render.painter.INITIAL_STRIDE", stride)
    monkeypatch.setattr(Painter, "paint_loaded", recorded)
    painting, _ = AdaptiveResolution(Painter(run), SIZE).paint(run.moments()[0], SIZE)
    return painting, sizes


def exact(run: sf.Run) -> np.ndarray:
    painter = Painter(run)
    painter.load(run.moments()[0])
    return painter.paint_loaded(*SIZE)


def rmse(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(one - other))))


@pytest.mark.slow
def test_a_painting_that_is_too_coarse_is_painted_again(large: sf.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    painting, sizes = paint_first(large, monkeypatch, stride=1000)
    # The coarsest painting that is allowed; the next assertion checks that it is too coarse for these waves.
    assert sizes[0][0] * sizes[0][1] == pytest.approx(MIN_SAMPLES, rel=0.05)
    assert len(sizes) > 1
    assert painting.shape == (*SIZE, 3)
    # The error was estimated at 1024 pixels only, so it may be slightly larger over all pixels.
    assert rmse(painting, exact(large)) < 1.1 * TOLERANCE * INVISIBLE_RMSE


@pytest.mark.slow
def test_invisible_detail_is_not_painted(large: sf.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _, sizes = paint_first(large, monkeypatch, stride=1.3)
    assert len(sizes) == 1
    assert sizes[0] == (115, 154)


@pytest.mark.slow
def test_the_maximum_size_is_respected(large: sf.Run) -> None:
    adaptive = AdaptiveResolution(Painter(large), SIZE)
    painting, _ = adaptive.paint(large.moments()[0], (30, 40))
    assert painting.shape == (30, 40, 3)


@pytest.mark.slow
def test_a_small_picture_is_painted_at_full_resolution(run: sf.Run) -> None:
    size = run.picture.shape[:2]
    painter = Painter(run)
    painting, psnr = AdaptiveResolution(painter, size).paint(run.moments()[1], size)
    expected, expected_psnr = painter.paint(run.moments()[1], *size)
    np.testing.assert_array_equal(painting, expected)
    assert psnr == expected_psnr


def test_painting_is_deterministic(large: sf.Run, tmp_path: Path) -> None:
    one, _ = AdaptiveResolution(Painter(large), SIZE).paint(large.moments()[0], SIZE)
    other, _ = AdaptiveResolution(Painter(large), SIZE).paint(large.moments()[0], SIZE)
    np.testing.assert_array_equal(one, other)


def test_a_size_other_than_the_picture_s_is_sampled_too(large: sf.Run) -> None:
    size = (120, 160)
    painter = Painter(large)
    painting, _ = AdaptiveResolution(painter, size).paint(large.moments()[0], size)
    expected = painter.paint_loaded(*size)
    assert painter.sample(size).rmse(expected) < 1e-6
    assert rmse(painting, expected) < 1.1 * TOLERANCE * INVISIBLE_RMSE
