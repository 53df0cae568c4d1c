"""Paintings from few samples, against those from all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sfumato as sf
from sfumato.render.adaptive_resolution import FEWEST, TRUST, UNSEEN, AdaptiveResolution
from sfumato.render.painter import Painter
from tests.small import SMALL

SIZE = (150, 200)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    """A run whose network paints waves of some 20 pixels from the start."""
    picture = np.random.default_rng(0).random((*SIZE, 3), np.float32)
    model = {"activation": "sine(5)", "init": "gaussian(1)", "width": 16, "depth": 2}
    changes = {**SMALL, "model": model, "budget": {"steps": 3}, "evaluation": {"interval": "end"}}
    return sf.paint(picture, runs=tmp_path_factory.mktemp("runs"), film="none", **changes)


def painted(run: sf.Run, monkeypatch: pytest.MonkeyPatch, first: float) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The painting of the first moment, begun at so many pixels a sample, and the sizes that were tried."""
    tried: list[tuple[int, int]] = []
    whole = Painter.whole

    def note(self: Painter, rows: int, columns: int) -> np.ndarray:
        tried.append((rows, columns))
        return whole(self, rows, columns)

    monkeypatch.setattr("sfumato.render.adaptive_resolution.FIRST", first)
    monkeypatch.setattr(Painter, "whole", note)
    painting, _ = AdaptiveResolution(Painter(run), SIZE).paint(run.moments()[0], SIZE)
    return painting, tried


def exact(run: sf.Run) -> np.ndarray:
    painter = Painter(run)
    painter.load(run.moments()[0])
    return painter.whole(*SIZE)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(one - other))))


@pytest.mark.slow
def test_what_is_too_coarse_is_painted_again(large: sf.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    painting, tried = painted(large, monkeypatch, first=1000)
    # As coarse as is worth it: that does not do for these waves, which the assertion below makes sure of.
    assert tried[0][0] * tried[0][1] == pytest.approx(FEWEST, rel=0.05)
    assert len(tried) > 1
    assert painting.shape == (*SIZE, 3)
    # Of 1024 pixels some others are chosen than all.
    assert distance(painting, exact(large)) < 1.1 * TRUST * UNSEEN


def test_what_does_not_show_is_saved(large: sf.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _, tried = painted(large, monkeypatch, first=1.3)
    assert len(tried) == 1
    assert tried[0] == (115, 154)


def test_never_more_than_the_largest(large: sf.Run) -> None:
    adaptive = AdaptiveResolution(Painter(large), SIZE)
    painting, _ = adaptive.paint(large.moments()[0], (30, 40))
    assert painting.shape == (30, 40, 3)


def test_a_small_picture_is_painted_whole(run: sf.Run) -> None:
    size = run.picture.shape[:2]
    painter = Painter(run)
    painting, psnr = AdaptiveResolution(painter, size).paint(run.moments()[1], size)
    expected, same = painter.paint(run.moments()[1], *size)
    np.testing.assert_array_equal(painting, expected)
    assert psnr == same


def test_the_same_again(large: sf.Run, tmp_path: Path) -> None:
    one, _ = AdaptiveResolution(Painter(large), SIZE).paint(large.moments()[0], SIZE)
    other, _ = AdaptiveResolution(Painter(large), SIZE).paint(large.moments()[0], SIZE)
    np.testing.assert_array_equal(one, other)


def test_of_another_size_than_the_picture_some_pixels_tell_too(large: sf.Run) -> None:
    size = (120, 160)
    painter = Painter(large)
    painting, _ = AdaptiveResolution(painter, size).paint(large.moments()[0], size)
    expected = painter.whole(*size)
    assert painter.some(size).distance(expected) < 1e-6
    assert distance(painting, expected) < 1.1 * TRUST * UNSEEN
