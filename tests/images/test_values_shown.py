"""Conversion of learned values to sRGB."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.images import srgb_to_linear, to_srgb


def test_srgb_is_clipped() -> None:
    assert to_srgb(np.array([[[-1.0, 0.25, 2.0]]]), "srgb").tolist() == [[[0.0, 0.25, 1.0]]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_linear_light_becomes_srgb_except_alpha(channels: int) -> None:
    expected = np.linspace(0.05, 0.95, 2 * channels).reshape(1, 2, channels)
    learned = expected.copy()
    learned[..., :3] = srgb_to_linear(expected[..., :3])
    np.testing.assert_allclose(to_srgb(learned, "linear"), expected, atol=1e-6)
