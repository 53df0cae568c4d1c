from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import sfumato as sf
from sfumato import images, models, training
from sfumato.models import Region
from sfumato.models.outputs import TILE
from sfumato.recipe import Coordinates
from sfumato.render import zoom
from tests.render.small_run import HEIGHT, WIDTH


def test_the_picture_s_size_gives_the_painting(run: sf.Run) -> None:
    model, _ = run.model()
    rendered = zoom.paint_uint8(model, run.recipe, (HEIGHT, WIDTH)).astype(int)
    assert np.abs(rendered - np.rint(run.painting * 255)).max() <= 1
    assert rendered.std() > 5


@pytest.mark.parametrize("chunk", [TILE, 2 * TILE, 64 * TILE])
@pytest.mark.parametrize("threads", [1, 2])
def test_chunks_change_no_bit(run: sf.Run, chunk: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # On some machines, matrix products depend on the number of samples, so chunks consist of whole tiles.
    assert zoom.CHUNK % TILE == 0
    model, _ = run.model()
    coordinates = models.grid(run.recipe.coordinates, 83, 71)
    whole = training.outputs(model, coordinates, 1)
    # On most machines PyTorch's matrix products round differently.
    np.testing.assert_allclose(whole, models.outputs(model, coordinates, 1), atol=1e-6)
    monkeypatch.setattr(zoom, "CHUNK", chunk)
    monkeypatch.setattr(zoom, "threads", lambda recipe: threads)
    painted = zoom.paint(model, run.recipe, (83, 71))
    assert np.array_equal(painted, np.clip(whole, 0, 1).reshape(83, 71, 3))
    progress: list[int] = []
    rendered = zoom.paint_uint8(model, run.recipe, (83, 71), progress=progress.append)
    assert np.array_equal(rendered, images.to_uint8(painted))
    assert progress == [min(done, 83 * 71) for done in range(chunk, 83 * 71 + chunk, chunk)]


@pytest.mark.parametrize(
    ("placed", "extra"),
    # With samples on both ends there are 40 steps between 41 samples, else 40 squares.
    [({"align_corners": True}, 1), ({"align_corners": False}, 0), ({"endpoint": False}, 0), ({"aspect": 1.7}, 1)],
    ids=str,
)
def test_a_crop_is_that_part_of_a_large_rendering(run: sf.Run, placed: dict[str, Any], extra: int) -> None:
    model, _ = run.model()
    recipe = run.recipe.model_copy(update={"coordinates": Coordinates.of(placed)})
    large = zoom.paint(model, recipe, (40 + extra, 20 + extra))
    crop = zoom.paint(model, recipe, (20 + extra, 8 + extra), Region(0.25, 0.1, 0.75, 0.5))
    assert crop == pytest.approx(large[10 : 30 + extra, 2 : 10 + extra], abs=1e-5)
    assert np.abs(crop - large[: 20 + extra, : 8 + extra]).max() > 0.01


def test_beyond_the_border_the_network_extrapolates(run: sf.Run) -> None:
    model, _ = run.model()
    beyond = zoom.paint(model, run.recipe, (9, 5), Region(-0.5, -1, 1.5, 2))
    with torch.inference_mode():
        # The range of coordinates is -1 to 1, so half a picture beyond is 2, and a whole picture is 3.
        for row, y in enumerate(np.linspace(-2, 2, 9)):
            for column, x in enumerate(np.linspace(-3, 3, 5)):
                output = model(torch.tensor([[y, x]], dtype=torch.float32)).clamp(0, 1)[0].numpy()
                assert beyond[row, column] == pytest.approx(output, abs=1e-5)


PLACED = [{"align_corners": True}, {"align_corners": False}, {"endpoint": False}, {"aspect": 1.7}]


@pytest.mark.parametrize("placed", PLACED, ids=str)
@pytest.mark.parametrize("samples", [4, 8, 16])
def test_aligned_samples_lie_at_the_pixel_centers_of_resampling(placed: dict[str, Any], samples: int) -> None:
    coordinates = Coordinates.of({**placed, "range": "unit"})
    ramp = models.axes(coordinates, 8, 8)[1]
    found = models.axes(coordinates, samples, samples, zoom.aligned_region(coordinates, (8, 8), (samples, samples)))[1]
    # The pixels of a resampled picture are squares, and a ramp has the values at their centers.
    centers = (np.arange(samples) + 0.5) * 8 / samples - 0.5
    assert found == pytest.approx(ramp[0] + centers * (ramp[1] - ramp[0]))
