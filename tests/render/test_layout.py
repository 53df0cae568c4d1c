from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.render import theme
from sfumato.render.layout import Band, Box, Layout, plan, plan_within


def disjoint(one: Box, other: Box) -> bool:
    return one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top


@given(st.integers(1, 6000), st.integers(1, 6000), st.booleans())
def test_everything_is_inside_and_nothing_overlaps(width: int, height: int, title: bool) -> None:
    layout = plan((width, height), title=title)
    assert layout.width % 2 == layout.height % 2 == 0
    assert 320 <= max(layout.picture.width, layout.picture.height) <= 4096
    check_boxes(layout)


def check_boxes(layout: Layout) -> None:
    band = layout.band
    if band is None:
        return
    boxes = [layout.picture, band.strip]
    if not band.one_line:
        boxes.append(band.labels)
    boxes += [box for box in (band.title, band.captions) if box is not None]
    for box in boxes:
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= layout.width
        assert box.bottom <= layout.height
        assert all(other is box or disjoint(box, other) for other in boxes)
    assert band.strip.width >= 6 * layout.text
    # Long labels fit beside each other, and beside the strip.
    left, right = theme.width("epoch 12345", layout.text), theme.width("loss 0.00123", layout.text)
    if band.one_line:
        assert band.labels.left + left < band.strip.left
        assert band.labels.right - right > band.strip.right
    else:
        assert left + right < band.labels.width


@given(
    film=st.tuples(st.integers(2, 4096), st.integers(2, 4096)),
    picture=st.tuples(st.integers(1, 6000), st.integers(1, 6000)),
    crop=st.booleans(),
    title=st.booleans(),
    captions=st.booleans(),
)
def test_a_film_of_a_given_size_preserves_the_aspect_ratio(
    film: tuple[int, int], picture: tuple[int, int], crop: bool, title: bool, captions: bool
) -> None:
    layout = plan_within(film, picture, crop=crop, title=title, captions=captions)
    assert (layout.width, layout.height) == film
    check_boxes(layout)
    box, base = layout.picture, layout.base
    room = layout.height if layout.band is None else top_of(layout.band, layout.text)
    # The picture touches two opposite sides of its room, or with `crop` all four.
    fills = (box.width == layout.width, box.height == room)
    assert all(fills) if crop else any(fills)
    assert box.right <= layout.width
    assert box.bottom <= room
    # The aspect ratio is that of the picture, up to a pixel.
    assert abs(base[0] * picture[1] / picture[0] - base[1]) <= 1 + picture[1] / picture[0] or min(base) == 1
    assert crop or base == (box.width, box.height)


def top_of(band: Band, text: int) -> int:
    """Return the first row of the band."""
    first = band.captions or band.title or band.strip
    return first.top - round((0.3 if band.captions else 0.75) * text)


def test_the_band_is_left_out_of_a_small_film() -> None:
    assert plan_within((100, 80), (3, 2)).band is None
    band = plan_within((1920, 1080), (3, 2)).band
    assert band is not None
    assert not band.one_line


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
def test_small_pictures_are_enlarged_and_huge_ones_reduced(size: tuple[int, int], picture: tuple[int, int]) -> None:
    layout = plan(size)
    assert (layout.picture.width, layout.picture.height) == picture
    assert layout.base == (picture[0] // layout.factor, picture[1] // layout.factor)


def test_a_panorama_has_its_labels_in_one_line() -> None:
    assert [band.one_line for size in ((600, 40), (300, 429)) if (band := plan(size).band)] == [True, False]
