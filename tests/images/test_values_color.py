"""The transfer function of sRGB."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sfumato.images import linear_to_srgb, srgb_to_linear


@pytest.mark.parametrize(
    ("srgb", "linear"),
    # IEC 61966-2-1 by hand: 0.5 is ((0.5 + 0.055) / 1.055)^2.4.
    [(0, 0), (0.04045, 0.0031308), (0.02, 0.0015479876), (0.5, 0.2140411405), (0.735356983, 0.5), (1, 1)],
)
def test_known_values(srgb: float, linear: float) -> None:
    assert srgb_to_linear(np.array(srgb, dtype=np.float64)) == pytest.approx(linear, abs=1e-7)
    assert linear_to_srgb(np.array(linear, dtype=np.float64)) == pytest.approx(srgb, abs=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_round_trip_preserves_values_and_dtype(dtype: type[np.floating]) -> None:
    values = np.linspace(-0.3, 1.3, 4001).astype(dtype).reshape(-1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear = srgb_to_linear(values)
        back = linear_to_srgb(linear)
    assert linear.dtype == back.dtype == dtype
    assert linear.shape == values.shape
    # The standard's two pieces do not quite meet.
    np.testing.assert_allclose(back, values, atol=1e-6 if dtype is np.float32 else 1e-7)
    assert np.all(np.diff(linear[:, 0]) > 0)
    assert np.abs(linear - values).max() > 0.2
