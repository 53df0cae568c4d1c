from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.render import Frame, theme
from sfumato.render.layout import Band, Box, plan
from sfumato.render.sheet import Sheet
from tests.render.moving import CURVE, painting

LAYOUT = plan((320, 240), title=True)
assert LAYOUT.band is not None
BAND: Band = LAYOUT.band


def drawn(epoch: float, psnr: float | None) -> NDArray[np.int16]:
    sheet = Sheet(LAYOUT, CURVE, "A title")
    return np.asarray(sheet.draw(Frame(painting(320, 240), epoch, 0, psnr, 0.1)), np.int16)


def crop(sheet: NDArray[np.int16], box: Box) -> NDArray[np.int16]:
    return sheet[box.top : box.bottom, box.left : box.right]


def ink(area: NDArray[np.int16]) -> int:
    """Return the number of pixels that differ from the background."""
    return int((np.abs(area - np.array(theme.BACKGROUND)).max(axis=2) > 60).sum())


def test_everything_is_drawn_at_its_position_in_the_layout() -> None:
    sheet = drawn(3.21, 27.31)
    assert np.abs(crop(sheet, LAYOUT.picture) - 255 * painting(320, 240)).max() < 1
    assert BAND.title is not None
    labels = crop(sheet, BAND.labels)
    for area in (crop(sheet, BAND.title), crop(sheet, BAND.strip), labels[:, :80], labels[:, -80:]):
        assert ink(area) > 20
    assert ink(labels[:, 110:-90]) == 0
    # Everything around is background.
    assert ink(sheet[240 : BAND.title.top]) == ink(sheet[BAND.labels.bottom :]) == 0
    assert ink(sheet[240:, : BAND.strip.left]) == ink(sheet[240:, BAND.strip.right :]) == 0


def test_each_label_changes_with_its_number_and_nothing_else_moves() -> None:
    before, later, better = drawn(3.21, 27.31), drawn(3.48, 27.31), drawn(3.21, 27.99)
    middle = LAYOUT.width // 2
    rows = slice(BAND.labels.top, BAND.labels.bottom)
    assert (before[rows, :middle] != later[rows, :middle]).any()
    assert (before[rows, middle:] == later[rows, middle:]).all()
    assert (before[rows, :middle] == better[rows, :middle]).all()
    # Only the decimals change: neither the integer crop nor the unit moves.
    columns = np.nonzero((before[rows] != better[rows]).any(axis=(0, 2)))[0]
    unit = theme.width(" dB", LAYOUT.text)
    assert columns.max() < BAND.labels.right - unit + 1
    assert columns.min() > BAND.labels.right - unit - theme.width("99", LAYOUT.text) - 2


def test_without_a_psnr_the_loss_is_drawn() -> None:
    assert ink(crop(drawn(3.21, None), BAND.labels)[:, -80:]) > 20
