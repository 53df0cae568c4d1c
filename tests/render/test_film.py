from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from PIL import Image

from sfumato.errors import PictureError
from sfumato.render import Frame, write_film
from sfumato.render.film import FilmFormat
from sfumato.render.frame import interpolate
from sfumato.render.layout import plan, plan_within
from tests.render.moving import CURVE, decoded, decoded_animation, frames, painting

WIDTH, HEIGHT = 320, 240


def film(path: Path, count: int = 6, *, format: FilmFormat = "mp4", **options: Any) -> Path:
    settings: dict[str, Any] = {"size": (WIDTH, HEIGHT), "curve": CURVE, "hold": 0.5, **options}
    write_film(path, frames(count), format=format, **settings)
    return path


def boxes(path: Path) -> list[str]:
    """Return the names of an MP4's outermost boxes, in order."""
    data, found = io.BytesIO(path.read_bytes()), []
    while head := data.read(8):
        found.append(head[4:].decode("ascii"))
        data.seek(int.from_bytes(head[:4], "big") - 8, io.SEEK_CUR)
    return found


@pytest.mark.slow
def test_mp4_has_all_frames_its_size_and_its_duration(tmp_path: Path) -> None:
    path = film(tmp_path / "film.partial", 6, fps=12, hold=0.5)
    layout = plan((WIDTH, HEIGHT))
    pictures = decoded(path)
    # The last frame is shown for half a second, which is six frames.
    assert len(pictures) == 6 + 5
    assert pictures[0].shape == (layout.height, layout.width, 3)
    with av.open(str(path)) as opened:
        stream = opened.streams.video[0]
        assert float((stream.duration or 0) * (stream.time_base or 0)) == pytest.approx(11 / 12, abs=1e-3)
        assert stream.average_rate == 12
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"


@pytest.mark.slow
def test_mp4_shows_each_painting_in_its_colors(tmp_path: Path) -> None:
    pictures = decoded(film(tmp_path / "film.mp4", 6))
    for index, frame in enumerate(frames(6, WIDTH, HEIGHT)):
        error = pictures[index][:HEIGHT] - 255 * frame.painting
        assert np.abs(error).mean() < 1.2, index
        assert np.abs(error.mean(axis=(0, 1))).max() < 1.0, index
    # The last painting is repeated, and followed by no other.
    last = 255 * painting(WIDTH, HEIGHT, 1.0)
    for held in pictures[6:]:
        assert np.abs(held[:HEIGHT] - last).mean() < 1.2


def test_mp4_declares_its_color_space(tmp_path: Path) -> None:
    with av.open(str(film(tmp_path / "film.mp4", 1))) as opened:
        frame = next(opened.decode(video=0))
        # The code of BT.709 is 1 in all three fields, and so is that of the limited range.
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (1, 1, 1, 1)


def test_mp4_can_start_before_it_is_loaded(tmp_path: Path) -> None:
    order = boxes(film(tmp_path / "film.mp4"))
    assert order.index("moov") < order.index("mdat")


@pytest.mark.slow
@pytest.mark.parametrize("format", ["mp4", "gif", "webp"])
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, format: FilmFormat) -> None:
    first, second = (film(tmp_path / name, format=format, title="Twice").read_bytes() for name in ("a", "b"))
    assert first == second


@pytest.mark.slow
def test_an_mp4_has_no_b_frames_with_which_x264_is_not_deterministic(tmp_path: Path) -> None:
    with av.open(str(film(tmp_path / "film.mp4", 12))) as opened:
        assert {PictureType(frame.pict_type) for frame in opened.decode(video=0)} == {PictureType.I, PictureType.P}


def test_an_mp4_does_not_depend_on_the_machine(tmp_path: Path) -> None:
    data = film(tmp_path / "film.mp4", 1).read_bytes()
    assert b" threads=1 " in data
    assert b"Lavf" not in data


@pytest.mark.parametrize("format", ["mp4", "gif", "webp"])
@pytest.mark.parametrize("size", [(13, 9), (1, 1), (321, 41), (45, 301), (330, 333)])
def test_every_size_is_written(tmp_path: Path, size: tuple[int, int], format: FilmFormat) -> None:
    path = tmp_path / "film"
    write_film(path, frames(1, *size), size=size, format=format, hold=0, title="A title")
    pictures = decoded(path) if format == "mp4" else decoded_animation(path)[0]
    layout = plan(size, title=True)
    assert len(pictures) == 1
    assert pictures[0].shape == (layout.height, layout.width, 3)
    box = layout.picture
    part = pictures[0][box.top : box.bottom, box.left : box.right]
    expected = painting(*size).repeat(layout.factor, axis=0).repeat(layout.factor, axis=1)
    assert np.abs(part - 255 * expected).mean() < 3


@pytest.mark.slow
def test_the_edges_of_an_odd_picture_keep_their_chroma(tmp_path: Path) -> None:
    red = np.tile(np.array([0.9, 0.1, 0.1], np.float32), (5, 5, 1))
    write_film(tmp_path / "film", [Frame(red, 0, 0, None, 0.1)], size=(333, 343), format="mp4")
    pictures = decoded(tmp_path / "film")[0]
    # The tolerance allows for swscale's kernel, eight pixels wide, which mixes in some of the band.
    for edge in (pictures[342, :330], pictures[:340, 332]):
        assert np.abs(edge - 255 * red[0, 0]).max() < 25


@pytest.mark.slow
@pytest.mark.parametrize("format", ["gif", "webp"])
def test_gif_and_webp_show_all_frames_and_loop_forever(tmp_path: Path, format: FilmFormat) -> None:
    path = film(tmp_path / "film", 6, format=format, fps=12, hold=1.5)
    pictures, durations = decoded_animation(path)
    assert len(pictures) == 6
    # Five frames of 1/12 s and the last of 1.5 s; a GIF counts in 1/100 s.
    assert sum(durations) == pytest.approx(5000 / 12 + 1500, abs=10)
    assert durations[-1] == pytest.approx(1500, abs=10)
    for index, frame in enumerate(frames(6, WIDTH, HEIGHT)):
        assert np.abs(pictures[index][:HEIGHT] - 255 * frame.painting).mean() < 4, index
    with Image.open(path) as opened:
        assert opened.format == format.upper()
        assert opened.info["loop"] == 0


@pytest.mark.slow
def test_a_gif_of_equal_frames_does_not_change(tmp_path: Path) -> None:
    still = [Frame(painting(64, 48), epoch, 0, 20.0, 0.1) for epoch in range(4)]
    write_film(tmp_path / "film", still, size=(WIDTH, HEIGHT), format="gif")
    pictures, _ = decoded_animation(tmp_path / "film")
    for frame in pictures:
        assert np.abs(frame[:HEIGHT] - pictures[0][:HEIGHT]).mean() < 1


def test_the_band_changes_and_the_picture_does_not(tmp_path: Path) -> None:
    still = [Frame(np.zeros((HEIGHT, WIDTH, 1), np.float32), epoch, 0, 20.0 + epoch, 0.1) for epoch in range(3)]
    write_film(tmp_path / "film.mp4", still, size=(WIDTH, HEIGHT), format="mp4", curve=CURVE, hold=0)
    pictures = decoded(tmp_path / "film.mp4")
    for before, after in itertools.pairwise(pictures):
        assert np.abs(after[HEIGHT + 2 :] - before[HEIGHT + 2 :]).max() > 100
        assert after[:HEIGHT].max() < 12


def test_frames_are_consumed_one_at_a_time(tmp_path: Path) -> None:
    taken: list[int] = []
    progress: list[tuple[int, int]] = []

    def one_by_one() -> Iterator[Frame]:
        for index, frame in enumerate(frames(5)):
            taken.append(index)
            yield frame

    film_path = tmp_path / "film.mp4"
    write_film(
        film_path,
        one_by_one(),
        size=(WIDTH, HEIGHT),
        format="mp4",
        progress=lambda done: progress.append((done, len(taken))),
    )
    assert progress == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]


def test_pictures_between_two_frames_are_blended(tmp_path: Path) -> None:
    black, white = np.zeros((48, 64, 3), np.float32), np.ones((48, 64, 3), np.float32)
    ends = [Frame(black, 0, 0, 10.0, 0.1), Frame(white, 4, 9, 20.0, 0.001), Frame(black, 8, 20, 30.0, 1e-5)]
    progress: list[int] = []
    write_film(
        tmp_path / "film.mp4",
        ends,
        size=(WIDTH, HEIGHT),
        format="mp4",
        hold=0,
        positions=[0, 0.5, 1, 1.25, 2],
        progress=progress.append,
    )
    levels = [frame[:HEIGHT].mean() for frame in decoded(tmp_path / "film.mp4")]
    assert levels == pytest.approx([0, 127.5, 255, 191, 0], abs=3)
    assert progress == [1, 2, 3]


def test_the_labels_of_a_blended_picture_are_interpolated() -> None:
    before, after = next(frames(1)), Frame(painting(64, 48), 4, 9, 20.0, 0.001)
    middle = interpolate(replace(before, epoch=2, psnr=10.0, loss=0.1), after, 0.5)
    assert (middle.epoch, middle.psnr, middle.loss) == (3, 15, pytest.approx(0.01))
    assert interpolate(replace(before, psnr=None, loss=float("nan")), after, 0.25).psnr is None


@pytest.mark.slow
@pytest.mark.parametrize("format", ["mp4", "gif", "webp"])
@pytest.mark.parametrize(("size", "crop"), [((640, 360), False), ((640, 360), True), ((100, 160), False)])
def test_a_film_has_exactly_the_given_size(
    tmp_path: Path, format: FilmFormat, size: tuple[int, int], crop: bool
) -> None:
    path = tmp_path / "film"
    write_film(path, frames(2), size=(WIDTH, HEIGHT), film_size=size, crop=crop, format=format, hold=0)
    pictures = (decoded(path) if format == "mp4" else decoded_animation(path)[0])[0]
    assert pictures.shape == (size[1], size[0], 3)
    box = plan_within(size, (WIDTH, HEIGHT), crop=crop).picture
    expected = np.asarray(Image.fromarray((255 * painting(WIDTH, HEIGHT)).astype(np.uint8)).resize((4 * 80, 4 * 60)))
    part = pictures[box.top : box.bottom, box.left : box.right]
    # The picture is neither stretched nor moved: its center is that of the box, outside of which is the background.
    center = part[box.height // 2, box.width // 2]
    assert np.abs(center - expected[120, 160]).max() < 20
    if box.left > 8:
        assert pictures[: box.bottom, : box.left - 8].max() < 40


def test_captions_are_under_their_pictures(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"size": (WIDTH, HEIGHT), "format": "mp4", "hold": 0}
    write_film(tmp_path / "film", frames(1), captions=[("picture", 0.25), ("painting", 0.75)], **settings)
    band = plan((WIDTH, HEIGHT), captions=True).band
    assert band is not None
    assert band.captions is not None
    row = decoded(tmp_path / "film")[0][band.captions.top : band.captions.bottom]
    bright = np.nonzero((row.max(axis=2) > 100).any(axis=0))[0]
    assert 40 < bright[bright < WIDTH / 2].mean() < 120
    assert 200 < bright[bright > WIDTH / 2].mean() < 280


@pytest.mark.slow
def test_odd_sizes_are_allowed_for_gif(tmp_path: Path) -> None:
    write_film(tmp_path / "film", frames(1), size=(30, 20), film_size=(301, 201), format="gif")
    assert decoded_animation(tmp_path / "film")[0][0].shape == (201, 301, 3)


def test_paintings_of_any_size_and_channels_are_drawn(tmp_path: Path) -> None:
    smooth = painting(WIDTH, HEIGHT)
    transparent = np.concatenate([smooth, np.zeros_like(smooth[:, :, :1])], axis=2)
    kinds = [
        painting(40, 30),
        painting(700, 500),
        2 * smooth - 0.5,
        np.full((5, 7, 1), 0.5, np.float32),
        transparent,
        np.full((5, 7, 3), np.nan, np.float32),
    ]
    moments = [Frame(kind, index, index, None, float("nan")) for index, kind in enumerate(kinds)]
    write_film(tmp_path / "film.mp4", moments, size=(WIDTH, HEIGHT), format="mp4", hold=0)
    pictures = [frame[4 : HEIGHT - 4, 4 : WIDTH - 4] for frame in decoded(tmp_path / "film.mp4")]
    inner = 255 * smooth[4 : HEIGHT - 4, 4 : WIDTH - 4]
    assert np.abs(pictures[0] - inner).mean() < 2
    assert np.abs(pictures[1] - inner).mean() < 2
    assert np.abs(pictures[2] - np.clip(2 * inner - 127.5, 0, 255)).mean() < 2
    assert np.abs(pictures[3] - 127.5).mean() < 2
    # A transparent painting shows only the checkerboard.
    assert np.abs(pictures[4] - 242.5).max() < 20
    assert pictures[5].max() < 8


def test_wrong_frames_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "film"
    with pytest.raises(PictureError, match="at least one frame"):
        write_film(path, [], size=(64, 48), format="mp4")
    with pytest.raises(PictureError, match="at least 1 x 1"):
        write_film(path, frames(1), size=(0, 48), format="mp4")
    two = [replace(next(frames(1)), painting=np.zeros((4, 4, 2), np.float32))]
    with pytest.raises(PictureError, match="channels"):
        write_film(path, two, size=(64, 48), format="mp4")
    assert not path.exists()


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"format": "avi"}, "mp4, gif, webp"),
        ({"fps": 0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"fps": 60, "format": "gif"}, "at most 50"),
        ({"fps": 100, "format": "webp"}, "at most 90"),
        ({"film_size": (601, 400)}, "must be even"),
        ({"hold": -1}, "hold"),
    ],
)
def test_wrong_parameters_are_refused(tmp_path: Path, wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        film(tmp_path / "film", **wrong)
    assert not (tmp_path / "film").exists()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        film(tmp_path / "nowhere" / "film")


def test_an_error_in_the_frames_is_propagated(tmp_path: Path) -> None:
    def broken() -> Iterator[Frame]:
        yield from frames(2)
        raise KeyError("the weights are gone")

    with pytest.raises(KeyError, match="the weights are gone"):
        write_film(tmp_path / "film", broken(), size=(64, 48), format="mp4")
