from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.render import theme
from sfumato.render.layout import Box, plan


def apart(one: Box, other: Box) -> bool:
    return one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top


@given(st.integers(1, 6000), st.integers(1, 6000), st.booleans())
def test_everything_is_inside_and_nothing_overlaps(width: int, height: int, title: bool) -> None:
    layout = plan((width, height), title=title)
    assert layout.width % 2 == layout.height % 2 == 0
    boxes = [layout.picture, layout.strip]
    if not layout.one_line:
        boxes.append(layout.labels)
    if layout.title is not None:
        boxes.append(layout.title)
    for box in boxes:
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= layout.width
        assert box.bottom <= layout.height
        assert all(other is box or apart(box, other) for other in boxes)
    assert layout.strip.width >= 6 * layout.text
    assert 320 <= max(layout.picture.width, layout.picture.height) <= 4096
    # The longest labels that a run is likely to have fit beside each other, and beside the strip.
    left, right = theme.width("epoch 12345", layout.text), theme.width("loss 0.00123", layout.text)
    if layout.one_line:
        assert layout.labels.left + left < layout.strip.left
        assert layout.labels.right - right > layout.strip.right
    else:
        assert left + right < layout.labels.width


@pytest.mark.parametrize(
    ("size", "picture"),
    [
        ((300, 429), (300, 429)),
        ((451, 300), (451, 300)),
        ((13, 9), (325, 225)),
        ((1, 1), (320, 320)),
        ((200, 160), (400, 320)),
        ((8192, 100), (4096, 50)),
    ],
)
def test_small_pictures_are_enlarged_and_huge_ones_shrunk(size: tuple[int, int], picture: tuple[int, int]) -> None:
    layout = plan(size)
    assert (layout.picture.width, layout.picture.height) == picture
    assert layout.base == (picture[0] // layout.factor, picture[1] // layout.factor)


def test_a_panorama_has_its_labels_in_one_line() -> None:
    assert plan((600, 40)).one_line
    assert not plan((300, 429)).one_line
