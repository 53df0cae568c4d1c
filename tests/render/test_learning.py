"""Films remade from what a run left."""

from __future__ import annotations

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
from sfumato.render.learning import finish, remake
from sfumato.render.painter import Painter
from sfumato.render.stills import Still, one_an_epoch, stills
from sfumato.runs import layout, weights
from tests.render.moving import decoded
from tests.render.small_run import HEIGHT, WIDTH, small_run

pytestmark = pytest.mark.slow


def silent(name: str, done: int, total: int) -> None:
    """Nobody watches."""


def shown_in(path: Path, width: int, height: int) -> list[NDArray[np.float64]]:
    """The different pictures of a film in 0..1: its frames without the band and without the held last one."""
    with av.open(str(path)) as film:
        rate = float(film.streams.video[0].average_rate or 0)
    found = [frame[:height, :width] / 255 for frame in decoded(path)]
    return found[: len(found) - (round(1.5 * rate) - 1)]


def test_one_frame_a_still_and_the_same_as_after_training(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    finish(run, FilmOptions(), silent)
    told: list[tuple[str, int, int]] = []
    path = remake(run, FilmOptions(out=str(tmp_path / "again.mp4")), lambda *stage: told.append(stage))
    assert path.read_bytes() == (run.folder / "learning.mp4").read_bytes()
    count = len(one_an_epoch(stills(run)))
    assert len(shown_in(path, WIDTH, HEIGHT)) == count
    assert told == [("film", done, count) for done in range(count + 1)]


def test_one_frame_an_epoch(run: sf.Run, tmp_path: Path) -> None:
    path = remake(run, FilmOptions(every="epoch", out=str(tmp_path / "a.mp4")), silent)
    assert len(shown_in(path, WIDTH, HEIGHT)) == 4


def test_where_every_epoch_is_evaluated_each_gets_one_frame(tmp_path: Path) -> None:
    run = small_run(tmp_path, evaluation={"every": "epoch"}, budget={"epochs": 3})
    # How many moments a run affords differs from time to time: one more, shortly after the start, is sure to be there.
    start, moment = weights.load(run.moments()[0])
    early = replace(moment, epoch=0.01, step=1, loss=0.5, running_psnr=3.0)
    weights.save(run.folder / layout.moment(1), start, early)
    automatic = remake(run, FilmOptions(out=str(tmp_path / "auto.mp4")), silent).read_bytes()
    assert automatic == remake(run, FilmOptions(every="epoch", out=str(tmp_path / "epoch.mp4")), silent).read_bytes()
    assert automatic != remake(run, FilmOptions(every="moment", out=str(tmp_path / "m.mp4")), silent).read_bytes()
    assert len(shown_in(tmp_path / "auto.mp4", WIDTH, HEIGHT)) == 4


def test_an_epoch_s_frame_is_the_nearest_to_its_end() -> None:
    def at(*epochs: float) -> list[Still]:
        return [Still(step, epoch, 0.1, None, None, None) for step, epoch in enumerate(epochs)]

    def chosen(*epochs: float) -> list[float]:
        return [still.epoch for still in one_an_epoch(at(*epochs))]

    assert chosen(0, 0.4, 0.9, 1.2, 1.9, 2.1, 2.6) == [0, 0.9, 1.9, 2.6]
    assert chosen(0, 0.01, 0.02) == [0, 0.02]
    # Sparse moments of a long run: none stands for an epoch that it is far from.
    assert chosen(0, 3, 3.4, 9) == [0, 3, 9]
    assert chosen(7.0) == [7]


@pytest.mark.parametrize(
    ("size", "moment_left", "network"), [("400x500", True, True), ("400x500", False, False), ("16x20", True, False)]
)
def test_only_larger_than_the_picture_exact_paintings_are_painted_again(
    run: sf.Run, tmp_path: Path, size: str, moment_left: bool, network: bool
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    # Black on disk: what the film shows tells where it is from.
    last = sorted((folder / "frames").iterdir())[-1]
    Image.new("RGB", (WIDTH, HEIGHT)).save(last)
    if not moment_left:
        sorted((folder / "moments").iterdir())[-1].unlink()
    path = remake(sf.load_run(folder), FilmOptions(size=size), silent)
    shown = shown_in(path, 400, 500) if size == "400x500" else shown_in(path, 16 * WIDTH, 16 * HEIGHT)
    if not network:
        assert shown[-1].max() < 0.02
        return
    model, _ = run.model()
    region = zoom.aligned(run.recipe.coordinates, (HEIGHT, WIDTH), (500, 400))
    assert np.abs(shown[-1] - zoom.painting(model, run.recipe, (500, 400), region)).mean() < 0.01


@pytest.mark.parametrize(("options", "whole"), [({}, False), ({"max_side": 200}, True), ({"kind": "error"}, True)])
def test_only_without_a_size_is_work_saved(
    options: dict[str, Any], whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = np.random.default_rng(0).random((160, 200, 1), np.float32)
    run = sf.paint(large, runs=tmp_path, film="none", model={"width": 8}, budget={"steps": 4}, threads=1)
    painted: list[tuple[int, int]] = []
    paint = Painter.whole

    def note(self: Painter, rows: int, columns: int) -> Any:
        painted.append((rows, columns))
        return paint(self, rows, columns)

    monkeypatch.setattr(Painter, "whole", note)
    remake(run, FilmOptions(**options), silent)
    assert painted
    assert all((size == (160, 200)) == whole for size in painted)
    assert painted == sorted(painted)


def test_an_error_film_is_dark_where_all_is_right_and_light_where_not(run: sf.Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    wrong = run.painting.copy()
    wrong[: HEIGHT // 2] = np.where(wrong[: HEIGHT // 2] < 0.5, 1, 0)
    np.save(folder / "picture.npy", wrong)
    facts = json.loads((folder / "run.json").read_text())
    facts["picture"]["sha256"] = images.sha256(wrong)
    (folder / "run.json").write_text(json.dumps(facts))
    path = remake(sf.load_run(folder), FilmOptions(kind="error"), silent)
    assert path == folder / "learning-error.mp4"
    # A picture this small is enlarged 16 times.
    last = shown_in(path, 16 * WIDTH, 16 * HEIGHT)[-1]
    dark, light = error_map(wrong, wrong)[0, 0], error_map(wrong, 1 - np.round(wrong))[0, 0]
    assert np.abs(last[8 * HEIGHT + 8 :] - dark).max() < 0.06
    assert np.abs(last[: 8 * HEIGHT - 8] - light).max() < 0.06


def test_beside_are_target_and_painting(run: sf.Run, tmp_path: Path) -> None:
    path = remake(run, FilmOptions(kind="beside", size="320x400", out=str(tmp_path / "a.mp4")), silent)
    last = shown_in(path, 2 * 320 + 7, 400)[-1]
    target = Image.fromarray((run.picture * 255).astype(np.uint8)).resize((320, 400), Image.Resampling.BICUBIC)
    assert np.abs(last[:, :320] - np.asarray(target) / 255).mean() < 0.02
    model, _ = run.model()
    region = zoom.aligned(run.recipe.coordinates, (HEIGHT, WIDTH), (400, 320))
    assert np.abs(last[:, 327:] - zoom.painting(model, run.recipe, (400, 320), region)).mean() < 0.02
    assert last[:, 322:325].max() < 0.2


def test_pictures_beside_each_other_must_fit(run: sf.Run) -> None:
    with pytest.raises(RecipeError, match="room for two pictures"):
        remake(run, FilmOptions(kind="beside", size="2100x30"), silent)


def test_an_interrupted_film_leaves_the_one_before(run: sf.Run, tmp_path: Path) -> None:
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
        remake(sf.load_run(folder), FilmOptions(), silent)
    shutil.rmtree(folder / "frames")
    shutil.rmtree(folder / "moments")
    with pytest.raises(RunError, match="must have saved moments or frames"):
        remake(sf.load_run(folder), FilmOptions(), silent)
    assert not list(folder.glob("*learning*"))


def test_a_run_without_a_result_can_be_filmed(run: sf.Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    (folder / "metrics.jsonl").unlink()
    shutil.rmtree(folder / "frames")
    path = remake(sf.load_run(folder), FilmOptions(every="moment"), silent)
    assert len(shown_in(path, WIDTH, HEIGHT)) == len(run.moments())
