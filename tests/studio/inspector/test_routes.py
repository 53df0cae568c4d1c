"""The inspector: layers, units, histograms, and tiles."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

import sfumato as sf
from sfumato import images, models
from sfumato.recipe import Coordinates, Recipe, changed
from sfumato.render import neurons, zoom
from sfumato.runs import layout
from sfumato.studio.inspector import layers, tiles
from sfumato.studio.inspector.tile_range import FURTHEST, SIDE
from sfumato.training import resolve
from tests.runs import made
from tests.studio.client import client

pytestmark = pytest.mark.slow


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.fixture
def inspector(over_trained: TestClient, inspector_in_process: None) -> TestClient:
    """Return a client of a studio that evaluates `trained` in this process."""
    return over_trained


@pytest.fixture
def at(trained: sf.Run) -> str:
    return f"/api/runs/{trained.folder.name}"


def test_a_layer_s_units(inspector: TestClient, at: str, trained: sf.Run) -> None:
    found = inspector.get(f"{at}/layers/1").json()
    model, moment = trained.model()
    layer = neurons.layer(model, trained.recipe.coordinates, 1, (found["cell"][1], found["cell"][0]))
    assert found["step"] == moment.step
    assert found["units"] == 16
    assert np.allclose(found["importance"], layer.importance, rtol=1e-5)
    assert found["order"] == sorted(range(16), key=lambda unit: -found["importance"][unit])
    sheet = pixels(inspector.get(found["sheet"]).content)
    assert sheet.shape[:2] == (found["height"], found["width"])
    # The most important unit is the first, at the position that `cell` and `gap` give.
    width, height = found["cell"]
    gap = found["gap"]
    first = sheet[gap : gap + height, gap : gap + width]
    outputs = layer.outputs[found["order"][0]]
    assert np.corrcoef(np.abs(outputs).ravel(), first.max(axis=2).astype(float).ravel())[0, 1] > 0.5


def test_a_unit_s_weights(inspector: TestClient, at: str, trained: sf.Run) -> None:
    model, _ = trained.model()
    assert isinstance(model, models.MLP)
    weights = [layer.weight.detach().double().numpy() for layer in model.linear_layers()]
    found = inspector.get(f"{at}/layers/2/units/5").json()
    wanted = sorted(enumerate(weights[1][5]), key=lambda pair: -abs(pair[1]))
    assert [each["unit"] for each in found["inputs"]] == [unit for unit, _ in wanted]
    assert [each["weight"] for each in found["inputs"]] == [weight for _, weight in wanted]
    assert {each["color"]: each["weight"] for each in found["outputs"]} == dict(enumerate(weights[2][:, 5]))
    first = inspector.get(f"{at}/layers/1/units/5").json()
    assert {each["coordinate"]: each["weight"] for each in first["inputs"]} == {
        "row": weights[0][5, 0], "column": weights[0][5, 1],
    }  # fmt: skip
    picture = pixels(inspector.get(f"{at}/layers/1/units/5.png?size=100").content)
    assert picture.shape == (100, 80, 3)


def test_histograms_count_all_values(inspector: TestClient, at: str) -> None:
    found = inspector.get(f"{at}/histograms").json()["layers"]
    assert [sum(each["weights"]["counts"]) for each in found] == [32, 256, 48]
    assert found[-1]["activations"] is None
    side = layers.SIDE
    assert [sum(each["activations"]["counts"]) for each in found[:2]] == [16 * side * round(side * 0.8)] * 2


def test_earlier_moments_keep_the_order_of_a_later_one(inspector: TestClient, at: str, trained: sf.Run) -> None:
    steps = [int(path.stem) for path in trained.moments()]
    early = inspector.get(f"{at}/layers/2?step={steps[0]}").json()
    late = inspector.get(f"{at}/layers/2?step={steps[-1]}").json()
    assert early["importance"] != late["importance"]
    reordered = inspector.get(f"{at}/layers/2?step={steps[0]}&by={steps[-1]}").json()
    assert reordered["order"] == late["order"]
    assert reordered["importance"] == early["importance"]
    assert inspector.get(reordered["sheet"]).status_code == 200


def test_missing_layers_units_and_tiles(inspector: TestClient, at: str, trained: sf.Run) -> None:
    # A busy machine saves its moments at other steps.
    later = layout.step_of(trained.moments()[-1]) + 1
    for part in (
        "layers/0",
        "layers/x",
        "layers/1001",
        "layers/1/units/-1",
        f"layers/1?step={later}",
        "tiles/25/0/0.png",
        "tiles/0/9/0.png",
    ):
        assert inspector.get(f"{at}/{part}").status_code == 404, part
    for part in ("layers/3", "layers/1/units/16", "layers/1/units/16.png"):
        assert inspector.get(f"{at}/{part}").status_code == 409, part


@pytest.mark.parametrize(
    "coordinates",
    [{"align_corners": True}, {"align_corners": False}, {"endpoint": False}, {"aspect": "picture"}],
    ids=str,
)
def test_tiles_show_the_painting_where_it_is(coordinates: dict[str, Any]) -> None:
    """Compare tiles with the painting, at the zoom at which their pixels are the picture's."""
    recipe = changed(Recipe(), {"coordinates": coordinates, "model": {"depth": 1, "width": 8}, "threads": 1})
    shape = (300, 512)
    recipe = resolve(recipe, shape)
    model = models.build(recipe.model, 3, 0, torch.float64, recipe.coordinates)
    painting = zoom.paint(model, recipe, shape)
    for row, column in ((0, 0), (0, 1), (1, 1)):
        tile = tiles.pixels(model, recipe, shape, 1, row, column)
        part = painting[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
        assert np.abs(tile[: part.shape[0], : part.shape[1]] - part).max() < 1e-6
    # Four finer tiles make one, whose pixels are the means of four.
    coarse = tiles.pixels(model, recipe, shape, 1, 0, 0)
    fine = np.block([[[tiles.pixels(model, recipe, shape, 2, row, column)] for column in (0, 1)] for row in (0, 1)])
    means = fine.reshape(SIDE, 2, SIDE, 2, 3).mean(axis=(1, 3))
    assert np.abs(means - coarse).mean() < 0.002


def test_a_tile_beyond_the_border(inspector: TestClient, at: str, trained: sf.Run) -> None:
    model, _ = trained.model()
    tile = pixels(inspector.get(f"{at}/tiles/0/-1/1.png").content)
    # The picture is 20 high and 16 wide, and a tile has 256 pixels along its height.
    step = 20 / 256
    rows = (np.arange(-256, 0) + 0.5) * step - 0.5
    columns = (np.arange(256, 512) + 0.5) * step - 0.5
    low = 0.0 if trained.recipe.coordinates.range == "unit" else -1.0
    scale = 1.0 - low
    coordinates = np.stack(np.meshgrid(low + scale * rows / 19, low + scale * columns / 15, indexing="ij"), axis=-1)
    with torch.inference_mode():
        outputs = model(torch.from_numpy(coordinates.reshape(-1, 2)).float()).numpy().reshape(256, 256, 3)
    assert np.abs(tile.astype(int) - images.to_uint8(np.clip(outputs, 0, 1))).max() <= 1


def test_deep_zooms_are_not_coarse(inspector: TestClient, at: str) -> None:
    # 256 * 2^20 pixels along the picture: float32 would show a few large squares.
    found = tiles.region(Recipe(coordinates=Coordinates(align_corners=False)), (20, 16), 20, 300_000, 300_000)
    assert found.top < found.bottom < found.top + 2**-19
    tile = pixels(inspector.get(f"{at}/tiles/20/{FURTHEST}/{FURTHEST}.png").content)
    assert tile.shape == (256, 256, 3)


def test_a_tile_is_computed_once(inspector: TestClient, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = inspector.app.state.studio.networks  # pyright: ignore
    first = inspector.get(f"{at}/tiles/1/0/0.png")

    def again(_: object) -> Any:
        raise AssertionError("asked again")

    monkeypatch.setattr(networks, "_ask", again)
    assert inspector.get(f"{at}/tiles/1/0/0.png").content == first.content


def test_a_worker_that_dies_is_replaced(over_trained: TestClient, at: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Kill the real process, and see another one start."""
    networks = over_trained.app.state.studio.networks  # pyright: ignore
    assert over_trained.get(f"{at}/layers/1").json()["units"] == 16
    first = networks._worker.process
    first.kill()
    first.wait()
    answer = over_trained.get(f"{at}/tiles/2/0/0.png")
    assert pixels(answer.content).shape == (SIDE, SIDE, 3)
    assert networks._worker.process.pid != first.pid
    networks.end()
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("inspector_in_process")
def test_custom_networks_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made.run(tmp_path / "runs", "own", facts={"resumed": [], "result": None}, model={"module": "planted:Net"})
    (folder / "moments").mkdir()
    (folder / "moments" / f"{0:012d}.safetensors").write_bytes(b"")
    (tmp_path / "planted.py").write_text("import pathlib; pathlib.Path('planted').touch()")
    monkeypatch.chdir(tmp_path)
    with client(tmp_path / "runs") as studio:
        for part in ("", "/layers/1", "/tiles/0/0/0.png", "/histograms"):
            answer = studio.get(f"/api/runs/own{part}")
            assert answer.status_code == (409 if part else 200)
            assert not part or "does not import its code" in answer.json()["problem"]
        problem = studio.post("/api/check", json={"changes": {"model.module": "planted:Net"}})
        assert problem.status_code == 422
    assert not (tmp_path / "planted").exists()


@pytest.mark.usefixtures("inspector_in_process")
def test_weights_of_the_wrong_shape_are_reported(tmp_path: Path, trained: sf.Run) -> None:
    folder = made.run(tmp_path / "runs", "mixed", facts={"resumed": [], "result": None})
    (folder / "moments").mkdir()
    (folder / "moments" / f"{0:012d}.safetensors").write_bytes(trained.moments()[0].read_bytes())
    (folder / "moments" / f"{1:012d}.safetensors").write_bytes(json.dumps({}).encode())
    with client(tmp_path / "runs") as studio:
        problem = studio.get("/api/runs/mixed/layers/1?step=0").json()["problem"]
        assert "must fit" in problem
        assert str(tmp_path) not in problem
        assert studio.get("/api/runs/mixed/layers/1?step=1").status_code == 409


def test_a_picture_one_pixel_high_has_tiles() -> None:
    found = tiles.region(Recipe(coordinates=Coordinates(align_corners=True)), (1, 16), 0, 0, 0)
    assert all(np.isfinite([found.top, found.left, found.bottom, found.right]))
