"""FLIP against the implementation of its authors (flip-evaluator)."""

from __future__ import annotations

import flip_evaluator
import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images import flip
from sfumato.images import values as values_module
from sfumato.images.flip import flip_map
from tests.images.made_files import load


def reference(painting: NDArray[np.float32], picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the error of each pixel, (H, W)."""
    errors, _mean, _parameters = flip_evaluator.evaluate(picture, painting, "LDR", True, False)
    return errors[..., 0]


def pictures() -> list[NDArray[np.float32]]:
    random = np.random.default_rng(3)
    edges = np.kron(random.integers(0, 2, (6, 9, 3)), np.ones((8, 7, 1))).astype(np.float32)
    return [
        random.random((40, 31, 3)).astype(np.float32),
        random.random((5, 7, 3)).astype(np.float32),
        edges,
        load("coffee", max_side=60),
    ]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("noise", [0.02, 0.5])
def test_against_the_authors(number: int, noise: float) -> None:
    picture = pictures()[number]
    painting = (picture + noise * np.random.default_rng(1).normal(size=picture.shape)).clip(0, 1).astype(np.float32)
    expected = reference(painting, picture)
    assert expected.mean() > 0.01
    np.testing.assert_allclose(flip_map(painting, picture), expected, atol=1e-4)
    assert flip(painting, picture) == pytest.approx(float(expected.mean()), abs=1e-5)


def test_blocks_of_rows_give_the_same_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, painting = pictures()[0], pictures()[0][::-1]
    whole = flip_map(painting, picture)
    monkeypatch.setattr(values_module, "_NUMBERS", picture.shape[1] * 8 * 3)
    np.testing.assert_allclose(flip_map(painting, picture), whole, atol=1e-12)


def test_of_equal_pictures_and_of_opposite_ones() -> None:
    picture = pictures()[0]
    assert flip(picture, picture) == 0
    assert flip(np.ones((30, 30, 3)), np.zeros((30, 30, 3))) == pytest.approx(
        float(reference(np.ones((30, 30, 3), np.float32), np.zeros((30, 30, 3), np.float32)).mean()), abs=1e-4
    )


def test_gray_is_three_equal_channels_and_alpha_is_left_out() -> None:
    gray, other = pictures()[0][..., :1], pictures()[0][..., 1:2]
    assert flip(gray, other) == pytest.approx(flip(gray.repeat(3, axis=2), other.repeat(3, axis=2)), abs=1e-12)
    rgb = pictures()[0]
    rgba, opaque = (np.concatenate([rgb * 0.9, alpha * np.ones_like(gray)], axis=2) for alpha in (0.2, 1.0))
    assert flip(rgba, opaque) == 0


def test_values_are_clipped() -> None:
    picture, painting = pictures()[0], pictures()[0][::-1] * 3 - 1
    assert flip(painting, picture) == pytest.approx(flip(np.clip(painting, 0, 1), picture), abs=1e-12)


def test_of_wrong_shapes() -> None:
    picture = pictures()[0]
    with pytest.raises(PictureError):
        flip(picture, picture[..., :1])
    with pytest.raises(PictureError, match="1, 3 or 4 channels"):
        flip(picture[..., :2], picture[..., :2])
