from __future__ import annotations

import math

import numpy as np
import pytest

from sfumato.render import Frame, sheet, theme
from sfumato.render.text import one_line


def frame(epoch: float = 1.0, psnr: float | None = 20.0, loss: float = 0.1) -> Frame:
    return Frame(np.zeros((1, 1, 1), np.float32), epoch, 0, psnr, loss)


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        (0, "0"),
        (0.004, "0.0040"),
        (0.03, "0.03"),
        (1.25, "1.25"),
        (9.996, "10.0"),
        (12, "12"),
        (12.44, "12.4"),
        (99.96, "100"),
        (500, "500"),
        (1234.5, "1234"),
    ],
)
def test_epochs_have_about_three_digits(epoch: float, text: str) -> None:
    assert sheet.epoch_spans(frame(epoch)) == (("epoch ", False), (text, True))


@pytest.mark.parametrize(
    ("psnr", "loss", "text"),
    [
        (27.312, 0.1, "27.31 dB"),
        (-3.0, 0.1, "-3.00 dB"),
        (math.inf, 0.0, "exact"),
        (None, 0.01234, "loss 0.0123"),
        (math.nan, math.nan, "loss nan"),
    ],
)
def test_the_label_of_psnr_or_loss(psnr: float | None, loss: float, text: str) -> None:
    assert "".join(text for text, _ in sheet.score_spans(frame(psnr=psnr, loss=loss))) == text


def test_all_digits_have_one_width() -> None:
    assert len({theme.width(digit, 17) for digit in "0123456789"}) == 1
    assert theme.width("27.31", 17) == theme.width("11.17", 17)


def test_a_long_title_is_truncated() -> None:
    title = "A title that is far too long for this film"
    short = theme.shortened(title, 15, 120)
    assert short.endswith("…")
    assert title.startswith(short[:-1])
    assert theme.width(short, 15) <= 120
    assert theme.shortened(title, 15, 1000) == title
    assert theme.shortened(title, 15, 1) == ""


def test_a_title_is_one_line() -> None:
    assert one_line(" Mona\n Lisa\t\x00\x1b ") == "Mona Lisa"
