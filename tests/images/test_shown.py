from __future__ import annotations

import numpy as np
import pytest

from sfumato.images import shown, srgb_to_linear


def test_srgb_is_clipped() -> None:
    assert shown(np.array([[[-1.0, 0.25, 2.0]]]), "srgb").tolist() == [[[0.0, 0.25, 1.0]]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_linear_light_becomes_srgb_but_for_alpha(channels: int) -> None:
    wanted = np.linspace(0.05, 0.95, 2 * channels).reshape(1, 2, channels)
    learned = wanted.copy()
    learned[..., :3] = srgb_to_linear(wanted[..., :3])
    np.testing.assert_allclose(shown(learned, "linear"), wanted, atol=1e-6)
