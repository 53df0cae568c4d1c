from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sfumato as sf
from sfumato.errors import RecipeError, RunError
from sfumato.render import neuron_pictures, rendering, zoom
from sfumato.render.film import film_timing
from sfumato.render.neuron_sheet import Scale, draw
from sfumato.render.neurons import layer
from sfumato.render.render_options import RenderOptions
from sfumato.runs import weights
from tests.render.moving import decoded
from tests.render.small_run import HEIGHT, WIDTH


def ignore(name: str, done: int, total: int) -> None:
    """Ignore progress."""


@pytest.fixture
def copy(run: sf.Run, tmp_path: Path) -> sf.Run:
    return sf.load_run(shutil.copytree(run.folder, tmp_path / "run"))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def test_the_network_is_rendered_at_any_size(copy: sf.Run) -> None:
    stages: list[tuple[str, int, int]] = []
    path = rendering.render(copy, RenderOptions(size="50x70"), lambda *stage: stages.append(stage))
    assert path == copy.folder / "render-50x70.png"
    assert np.array_equal(pixels(path), zoom.paint_uint8(copy.model()[0], copy.recipe, (70, 50)))
    assert stages == [("render", 3500, 3500)]


def test_a_default_rendering_is_the_painting(copy: sf.Run) -> None:
    path = rendering.render(copy, RenderOptions(), ignore)
    assert np.abs(pixels(path).astype(int) - 255 * copy.painting).max() <= 1


def test_a_crop_has_the_longer_side_of_the_picture(copy: sf.Run) -> None:
    path = rendering.render(copy, RenderOptions(crop="-0.5,0,1.5,0.25"), ignore)
    assert path.name == "render-2x20-crop_-0.5_0_1.5_0.25.png"
    path = rendering.render(copy, RenderOptions(crop="0.25,0.25,0.75,0.75"), ignore)
    assert pixels(path).shape == (HEIGHT, WIDTH, 3)


def test_moments_are_found_by_step_and_by_epoch(copy: sf.Run) -> None:
    first, *_, last = copy.moments()
    found = [rendering.moment_of(copy, RenderOptions(moment=text))[0] for text in ("0", "epoch=0.01", "last", "999999")]
    assert found == [first, first, last, last]
    middle = weights.moment_of(copy.moments()[2])
    assert rendering.moment_of(copy, RenderOptions(moment=f"epoch={middle.epoch}"))[1] == middle
    path = rendering.render(copy, RenderOptions(moment=str(middle.step)), ignore)
    assert path.name == f"render-16x20-step-{middle.step}.png"
    model, _ = copy.model(copy.moments()[2])
    assert np.array_equal(pixels(path), zoom.paint_uint8(model, copy.recipe, (HEIGHT, WIDTH)))


@pytest.mark.slow
def test_gray_is_written_as_gray(tmp_path: Path) -> None:
    gray = np.random.default_rng(0).random((5, 4), np.float32)
    run = sf.paint(gray, runs=tmp_path, film="none", model={"width": 8}, budget={"steps": 2}, threads=1)
    assert pixels(rendering.render(run, RenderOptions(size="9x8"), ignore)).shape == (8, 9)


@pytest.mark.slow
def test_every_layer_has_a_sheet(copy: sf.Run) -> None:
    paths = neuron_pictures.draw(copy, RenderOptions(neurons="all"), ignore)
    assert [path.name for path in paths] == ["neurons-1.png", "neurons-2.png"]
    for number, path in enumerate(paths, start=1):
        layout = neuron_pictures._sheet_layout(copy, RenderOptions(), copy.model()[0], number)
        units = layer(copy.model()[0], copy.recipe.coordinates, number, layout.cell)
        assert np.array_equal(pixels(path), draw(units, Scale.of(units), layout))
    (alone,) = neuron_pictures.draw(copy, RenderOptions(neurons="2", out=str(copy.folder / "a.png")), ignore)
    assert alone.name == "a.png"
    assert alone.read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
def test_the_film_of_a_sheet_ends_with_the_sheet(copy: sf.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.render.film.MIN_SECONDS", 1.0)
    sheet, film = neuron_pictures.draw(copy, RenderOptions(neurons="1", film="mp4"), ignore)
    frames = decoded(film)
    timing = film_timing(len(copy.moments()), "mp4")
    assert len(frames) == len(timing.positions) + round(timing.hold * timing.fps) - 1
    last = pixels(sheet)
    height, width = last.shape[:2]
    # Video halves the resolution of chroma, which matters most between neighboring units.
    assert np.abs(frames[-1][:height, :width] - last).mean() < 8
    assert np.abs(frames[0][:height, :width] - last).mean() > np.abs(frames[-1][:height, :width] - last).mean() + 1


def test_a_sheet_that_is_too_large_is_refused(copy: sf.Run) -> None:
    with pytest.raises(RecipeError, match=r"at most 50,000,000 pixels\. Got 9000x9000 for each"):
        neuron_pictures.draw(copy, RenderOptions(neurons="1", size="9000x9000"), ignore)


def test_a_run_without_moments_is_refused(copy: sf.Run) -> None:
    shutil.rmtree(copy.folder / "moments")
    with pytest.raises(RunError, match="must have saved moments"):
        rendering.render(copy, RenderOptions(), ignore)
