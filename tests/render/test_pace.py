from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.render.pace import HELD, HOLD, pace


@given(
    count=st.integers(2, 700),
    format=st.sampled_from(["mp4", "gif", "webp"]),
    fps=st.none() | st.floats(1, 50),
    seconds=st.none() | st.floats(0.5, 60),
)
def test_a_film_is_as_long_as_asked_and_as_smooth(
    count: int, format: str, fps: float | None, seconds: float | None
) -> None:
    found = pace(count, format, fps, seconds)
    held = round(found.hold * found.fps)
    whole = len(found.places) + held - 1
    assert found.fps == fps or fps is None
    if seconds is not None and seconds * found.fps > 4:
        assert abs(whole - seconds * found.fps) <= 0.5 + 1e-6
    # All but a modest part of it moves, and nothing comes twice.
    assert found.hold <= max(1 / found.fps, HOLD + 0.5 / found.fps)
    assert held <= max(1, HELD * whole + 1)
    assert all(before < after for before, after in itertools.pairwise(found.places))
    assert all(before < after for before, after in itertools.pairwise(found.chosen))
    assert (found.places[0], found.places[-1]) == (0, len(found.chosen) - 1)
    assert (found.chosen[0], found.chosen[-1]) == (0, count - 1)
    if seconds is None:
        # No moment of a run is left out of its film.
        assert fps is not None or format != "mp4" or len(found.chosen) == count


def test_one_moment_is_a_still_picture() -> None:
    assert pace(1, "mp4").places == (0.0,)
    assert pace(1, "mp4", seconds=3).hold == 3


@pytest.mark.parametrize("count", [2, 16, 64])
def test_a_default_film_moves_for_most_of_its_time(count: int) -> None:
    found = pace(count, "mp4")
    assert len(found.places) > 0.85 * (len(found.places) + found.hold * found.fps)
