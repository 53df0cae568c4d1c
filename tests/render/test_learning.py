"""Tests of films made from the files of a run."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import sfumato as sf
from sfumato import images
from sfumato.errors import RecipeError, RunError
from sfumato.render import error_map, zoom
from sfumato.render.film_options import FilmOptions
from sfumato.render.layout import plan_within
from sfumato.render.learning import finish, remake
from sfumato.render.painter import Painter
from sfumato.render.stills import Still, one_per_epoch, stills
from sfumato.runs import layout, weights
from tests.render.moving import decoded, decoded_animation
from tests.render.small_run import HEIGHT, WIDTH, small_run

pytestmark = pytest.mark.slow


def ignore(name: str, done: int, total: int) -> None:
    """Ignore progress."""


def pictures_in(path: Path, width: int, height: int) -> list[NDArray[np.float64]]:
    """Return the frames of a film in 0..1, without the band."""
    return [frame[:height, :width] / 255 for frame in decoded(path)]


SHORT: dict[str, Any] = {"seconds": 0.5}
"""A short length, so that a test makes few frames."""


def film_of(run: sf.Run, options: FilmOptions) -> tuple[Path, int]:
    """Make a film; return its path, and the number of moments of the run that it was made of."""
    stages: list[tuple[str, int, int]] = []
    path = remake(run, options, lambda *stage: stages.append(stage))
    count = stages[0][2]
    assert stages == [("film", done, count) for done in range(count + 1)]
    return path, count


def test_one_frame_per_still_and_the_same_film_as_after_training(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    finish(run, FilmOptions(), ignore)
    path, count = film_of(run, FilmOptions(out=str(tmp_path / "again.mp4")))
    assert path.read_bytes() == (run.folder / "learning.mp4").read_bytes()
    assert count == len(one_per_epoch(stills(run)))
    # The film has four seconds at the default rate, whatever the number of moments.
    assert len(decoded(path)) == 4 * 24


def test_one_frame_per_epoch(run: sf.Run, tmp_path: Path) -> None:
    assert film_of(run, FilmOptions(every="epoch", out=str(tmp_path / "a.mp4"), **SHORT))[1] == 4


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"size": "640x360", "fps": 30}, (640, 360)),
        ({"size": "640x360", "fit": "crop"}, (640, 360)),
        ({"size": "640x360", "kind": "beside"}, (640, 360)),
        ({"size": "300x400", "kind": "error"}, (300, 400)),
        ({"size": "301x201", "format": "gif"}, (301, 201)),
        ({"size": "301x201", "format": "webp", "fps": 10}, (301, 201)),
    ],
)
def test_a_film_has_the_given_size_length_and_frame_rate(
    run: sf.Run, tmp_path: Path, options: dict[str, Any], size: tuple[int, int]
) -> None:
    path = tmp_path / f"a.{options.get('format', 'mp4')}"
    remake(run, FilmOptions(seconds=1, out=str(path), **options), ignore)
    if path.suffix != ".mp4":
        pictures, durations = decoded_animation(path)
        assert pictures[0].shape == (size[1], size[0], 3)
        assert sum(durations) == pytest.approx(1000, abs=60)
        assert len(pictures) >= 8
        return
    with av.open(str(path)) as film:
        rate = float(film.streams.video[0].average_rate or 0)
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert rate == options.get("fps", 24)
    assert len(pictures) == rate
    assert pictures[0].shape == (size[1], size[0], 3)
    # The frames differ, so that the film is as smooth as its frame rate.
    different = 1 + sum(not np.array_equal(one, other) for one, other in itertools.pairwise(pictures))
    assert different >= 0.8 * len(pictures)


def test_no_more_moments_are_painted_than_the_film_has_pictures(run: sf.Run, tmp_path: Path) -> None:
    assert len(stills(run)) > 3
    path, count = film_of(run, FilmOptions(every="moment", fps=4, seconds=1, out=str(tmp_path / "a.mp4")))
    assert count == min(len(decoded(path)), len(stills(run)))


def test_a_run_that_evaluates_every_epoch_has_one_frame_per_epoch(tmp_path: Path) -> None:
    run = small_run(tmp_path, evaluation={"interval": "epoch"}, budget={"epochs": 3})
    # The number of saved moments varies between runs, so one is added shortly after the start.
    start, moment = weights.load(run.moments()[0])
    early = replace(moment, epoch=0.01, step=1, loss=0.5, running_psnr=3.0)
    weights.save(run.folder / layout.moment(1), start, early)
    automatic = remake(run, FilmOptions(out=str(tmp_path / "auto.mp4")), ignore).read_bytes()
    assert automatic == remake(run, FilmOptions(every="epoch", out=str(tmp_path / "epoch.mp4")), ignore).read_bytes()
    assert automatic != remake(run, FilmOptions(every="moment", out=str(tmp_path / "m.mp4")), ignore).read_bytes()
    assert film_of(run, FilmOptions(out=str(tmp_path / "again.mp4"), **SHORT))[1] == 4


def test_an_epoch_s_frame_is_the_nearest_to_its_end() -> None:
    def at(*epochs: float) -> list[Still]:
        return [Still(step, epoch, 0.1, None, None, None) for step, epoch in enumerate(epochs)]

    def chosen(*epochs: float) -> list[float]:
        return [still.epoch for still in one_per_epoch(at(*epochs))]

    assert chosen(0, 0.4, 0.9, 1.2, 1.9, 2.1, 2.6) == [0, 0.9, 1.9, 2.6]
    assert chosen(0, 0.01, 0.02) == [0, 0.02]
    # Moments of a long run are sparse, and none represents an epoch that is far from it.
    assert chosen(0, 3, 3.4, 9) == [0, 3, 9]
    assert chosen(7.0) == [7]


@pytest.mark.parametrize(
    ("size", "has_moment", "repainted"), [("400x500", True, True), ("400x500", False, False), ("016x020", True, False)]
)
def test_exact_paintings_are_repainted_only_above_the_picture_s_size(
    run: sf.Run, tmp_path: Path, size: str, has_moment: bool, repainted: bool
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    # A black frame on disk shows whether the film uses it, or paints the moment.
    last = sorted((folder / "frames").iterdir())[-1]
    Image.new("RGB", (WIDTH, HEIGHT)).save(last)
    if not has_moment:
        sorted((folder / "moments").iterdir())[-1].unlink()
    path = remake(sf.load_run(folder), FilmOptions(size=size, **SHORT), ignore)
    box = plan_within((int(size[:3]), int(size[4:])), (WIDTH, HEIGHT)).picture
    final = decoded(path)[-1][box.top : box.bottom, box.left : box.right] / 255
    if not repainted:
        assert final.max() < 0.02
        return
    model, _ = run.model()
    size_of = (box.height, box.width)
    region = zoom.aligned_region(run.recipe.coordinates, (HEIGHT, WIDTH), size_of)
    assert np.abs(final - zoom.paint(model, run.recipe, size_of, region)).mean() < 0.01


@pytest.mark.parametrize(("options", "full"), [({}, False), ({"max_side": 200}, True), ({"kind": "error"}, True)])
def test_resolution_is_reduced_only_without_a_size(
    options: dict[str, Any], full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = np.random.default_rng(0).random((160, 200, 1), np.float32)
    run = sf.paint(large, runs=tmp_path, film="none", model={"width": 8}, budget={"steps": 4}, threads=1)
    sizes: list[tuple[int, int]] = []
    paint_loaded = Painter.paint_loaded

    def recorded(self: Painter, rows: int, columns: int) -> Any:
        sizes.append((rows, columns))
        return paint_loaded(self, rows, columns)

    monkeypatch.setattr(Painter, "paint_loaded", recorded)
    remake(run, FilmOptions(**options, **SHORT), ignore)
    assert sizes
    assert all((size == (160, 200)) == full for size in sizes)
    assert sizes == sorted(sizes)


def test_an_error_film_is_dark_for_small_errors_and_light_for_large_ones(run: sf.Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    wrong = run.painting.copy()
    wrong[: HEIGHT // 2] = np.where(wrong[: HEIGHT // 2] < 0.5, 1, 0)
    np.save(folder / "picture.npy", wrong)
    facts = json.loads((folder / "run.json").read_text())
    facts["picture"]["sha256"] = images.sha256(wrong)
    (folder / "run.json").write_text(json.dumps(facts))
    path = remake(sf.load_run(folder), FilmOptions(kind="error", **SHORT), ignore)
    assert path == folder / "learning-error.mp4"
    # The small picture is enlarged 16 times.
    last = pictures_in(path, 16 * WIDTH, 16 * HEIGHT)[-1]
    dark, light = error_map(wrong, wrong)[0, 0], error_map(wrong, 1 - np.round(wrong))[0, 0]
    assert np.abs(last[8 * HEIGHT + 8 :] - dark).max() < 0.06
    assert np.abs(last[: 8 * HEIGHT - 8] - light).max() < 0.06


def test_a_side_by_side_film_shows_target_and_painting(run: sf.Run, tmp_path: Path) -> None:
    path = remake(run, FilmOptions(kind="beside", out=str(tmp_path / "a.mp4"), **SHORT), ignore)
    # The small row is enlarged 10 times.
    last = pictures_in(path, 10 * (2 * WIDTH + 1), 10 * HEIGHT)[-1]
    for left, expected in ((0, run.picture), (10 * (WIDTH + 1), run.painting)):
        part = last[:, left : left + 10 * WIDTH]
        assert np.abs(part - expected.repeat(10, axis=0).repeat(10, axis=1)).mean() < 0.02
    assert last[:, 10 * WIDTH + 2 : 10 * WIDTH + 8].max() < 0.2


def test_pictures_side_by_side_must_fit(run: sf.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.render.learning.MAX_SIDE", 30)
    with pytest.raises(RecipeError, match="room for two pictures"):
        remake(run, FilmOptions(kind="beside"), ignore)


def test_an_interrupted_film_leaves_the_earlier_one_unchanged(run: sf.Run, tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    out.write_bytes(b"before")

    def interrupt(name: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remake(run, FilmOptions(out=str(out)), interrupt)
    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]


def test_damaged_and_missing_parts_are_named(run: sf.Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    frame = sorted((folder / "frames").iterdir())[1]
    frame.write_bytes(frame.read_bytes()[:60])
    with pytest.raises(RunError, match=frame.name):
        remake(sf.load_run(folder), FilmOptions(), ignore)
    shutil.rmtree(folder / "frames")
    shutil.rmtree(folder / "moments")
    with pytest.raises(RunError, match="must have saved moments or frames"):
        remake(sf.load_run(folder), FilmOptions(), ignore)
    assert not list(folder.glob("*learning*"))


def test_a_run_without_a_result_can_be_filmed(run: sf.Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    (folder / "metrics.jsonl").unlink()
    shutil.rmtree(folder / "frames")
    _, count = film_of(sf.load_run(folder), FilmOptions(every="moment"))
    assert count == len(run.moments())
