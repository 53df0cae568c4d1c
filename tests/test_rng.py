from __future__ import annotations

import numpy as np

from sfumato.rng import rng_for


def test_streams_repeat_and_are_independent() -> None:
    first = rng_for(7, "order/0").random(1000)
    assert np.array_equal(first, rng_for(7, "order/0").random(1000))
    for other in (rng_for(8, "order/0"), rng_for(7, "order/1"), rng_for(-7, "order/0"), rng_for(7, "")):
        assert abs(np.corrcoef(first, other.random(1000))[0, 1]) < 0.2
        assert not np.array_equal(first[:3], other.random(3))


def test_draws_are_pinned() -> None:
    # A stream that changes would silently change every recorded run.
    assert rng_for(0, "initialisation/0").integers(10**9, size=3).tolist() == [56574999, 237236574, 698934562]
