from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.render.film import HOLD_SECONDS, MAX_HOLD_SHARE, film_timing


@given(
    count=st.integers(2, 700),
    format=st.sampled_from(["mp4", "gif", "webp"]),
    fps=st.none() | st.floats(1, 50),
    seconds=st.none() | st.floats(0.5, 60),
)
def test_a_film_has_the_given_length_and_frame_rate(
    count: int, format: str, fps: float | None, seconds: float | None
) -> None:
    found = film_timing(count, format, fps, seconds)
    held = round(found.hold * found.fps)
    frames = len(found.positions) + held - 1
    assert found.fps == fps or fps is None
    if seconds is not None and seconds * found.fps > 4:
        assert abs(frames - seconds * found.fps) <= 0.5 + 1e-6
    # The last picture is held for a small part of the film, and no position occurs twice.
    assert found.hold <= max(1 / found.fps, HOLD_SECONDS + 0.5 / found.fps)
    assert held <= max(1, MAX_HOLD_SHARE * frames + 1)
    assert all(before < after for before, after in itertools.pairwise(found.positions))
    assert all(before < after for before, after in itertools.pairwise(found.selected))
    assert (found.positions[0], found.positions[-1]) == (0, len(found.selected) - 1)
    assert (found.selected[0], found.selected[-1]) == (0, count - 1)
    if seconds is None:
        # By default no moment of a run is left out.
        assert fps is not None or format != "mp4" or len(found.selected) == count


def test_one_moment_is_a_still_picture() -> None:
    assert film_timing(1, "mp4").positions == (0.0,)
    assert film_timing(1, "mp4", seconds=3).hold == 3


@pytest.mark.parametrize("count", [2, 16, 64])
def test_the_last_picture_is_held_for_a_small_part_of_a_default_film(count: int) -> None:
    found = film_timing(count, "mp4")
    assert len(found.positions) > 0.85 * (len(found.positions) + found.hold * found.fps)
