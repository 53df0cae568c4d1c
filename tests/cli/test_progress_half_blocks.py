from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from sfumato.cli.progress import UPPER_HALF, fit_pixels, to_segments


@pytest.mark.parametrize(
    ("size", "width", "height", "expected"),
    [
        ((100, 100), 80, 20, (40, 40)),
        ((100, 400), 80, 40, (20, 80)),
        ((429, 300), 80, 20, (40, 28)),
        ((9, 7), 80, 20, (40, 31)),
        ((2, 4000), 80, 20, (2, 80)),
    ],
)
def test_the_aspect_ratio_is_kept(size: tuple[int, int], width: int, height: int, expected: tuple[int, int]) -> None:
    assert fit_pixels(size, width, height) == expected


def test_two_rows_per_line_in_their_colors() -> None:
    painting = np.zeros((4, 3, 3))
    painting[0] = (1, 0, 0)
    painting[1] = (0, 2, -1)
    painting[3, 2] = (0, 0, 0.5)
    console = Console(width=10, color_system="truecolor", force_terminal=True)
    with console.capture() as capture:
        console.print(to_segments(painting))
    text = capture.get()
    assert text.count(UPPER_HALF) == 6
    assert "38;2;255;0;0" in text
    assert "48;2;0;255;0" in text
    assert "48;2;0;0;128" in text


def test_gray_and_rgba() -> None:
    for channels in (1, 4):
        console = Console(width=10, color_system="truecolor", force_terminal=True)
        with console.capture() as capture:
            console.print(to_segments(np.full((2, 2, channels), 0.2)))
        assert "38;2;51;51;51" in capture.get()
