from __future__ import annotations

import math

import pytest

from sfumato.formatting import clock, count, duration, shortened


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(7, "about 7 s"), (89, "about 89 s"), (150, "about 2.5 min"), (1500, "about 25 min"), (25_000, "about 6.9 h"),
     (1e6, "about 12 days")],
)  # fmt: skip
def test_duration(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_clock_and_count() -> None:
    assert [clock(seconds) for seconds in (7.4, 62, 3723, math.nan)] == ["0:07", "1:02", "1:02:03", "-:--"]
    assert [count(number) for number in (950, 3100, 1.25e6)] == ["950", "3.1k", "1.25M"]


def test_shortened() -> None:
    assert shortened("x" * 120) == "x" * 120
    text = shortened("a" * 5000 + "z" * 40)
    assert text == "a" * 60 + "..." + "z" * 40
