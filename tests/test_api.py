"""The Python front: paint, train, load_run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image

import sfumato as sf
from sfumato import images
from sfumato.render import zoom
from sfumato.render.film_options import FilmOptions
from tests.small import SMALL, picture
from tests.watching import Stages


@pytest.mark.slow
@pytest.mark.usefixtures("curves")
def test_paint_leaves_painting_film_and_curve(tmp_path: Path) -> None:
    Image.fromarray((picture(20, 15) * 255).astype(np.uint8)).save(tmp_path / "tile.png")
    seen: list[int] = []
    stages = Stages()
    run = sf.paint(
        tmp_path / "tile.png",
        runs=tmp_path / "runs",
        observers=[lambda snapshot: seen.append(snapshot.step), stages],
        **SMALL,
    )
    assert run.status == "done"
    assert run.folder.parent == tmp_path / "runs"
    assert "-tile-" in run.folder.name
    with Image.open(run.folder / "painting.png") as image:
        assert image.size == (15, 20)
    assert "<svg" in (run.folder / "curve.svg").read_text()
    with av.open(str(run.folder / "learning.mp4")) as film:
        frames = sum(1 for _ in film.decode(video=0))
    assert frames >= len(seen) >= 4
    assert seen == sorted(seen)
    assert stages.calls[-1][1] == stages.calls[-1][2]
    assert sf.load_run(run.folder).psnr == run.psnr


@pytest.mark.slow
@pytest.mark.parametrize("film", ["gif", "webp"])
def test_other_films(tmp_path: Path, film: str) -> None:
    run = sf.paint(picture(), runs=tmp_path, film=film, **SMALL)  # pyright: ignore[reportArgumentType]
    with Image.open(run.folder / f"learning.{film}") as image:
        assert getattr(image, "n_frames", 1) >= 4


@pytest.mark.slow
def test_a_run_knows_the_aspect_of_its_picture(tmp_path: Path) -> None:
    aspect: dict[str, Any] = {"coordinates": {"aspect": "picture", "range": "unit"}}
    run = sf.paint(picture(9, 17), runs=tmp_path, film="none", **SMALL, **aspect)
    assert run.recipe.coordinates.aspect == 2.0
    model, _ = sf.load_run(run.folder).model()
    painted = zoom.paint(model, run.recipe, (9, 17))
    assert painted == pytest.approx(run.painting, abs=0.51 / 255)
    # Twice as fine, with the same corners.
    assert zoom.paint(model, run.recipe, (17, 33))[::2, ::2] == pytest.approx(painted, abs=1e-5)
    inputs = torch.tensor([[1.0, 2.0], [0.0, 2.0], [1.0, 0.0]])
    with torch.inference_mode():
        corners = model(inputs).clamp(0, 1).numpy()
    assert painted[[-1, 0, -1], [-1, -1, 0]] == pytest.approx(corners, abs=1e-5)
    assert np.ptp(corners, axis=0).max() > 0.01
    *_, last = sf.train(picture(9, 17), **SMALL, **aspect)
    assert last.painting() == pytest.approx(run.painting, abs=1e-2)
    trials = [{"coordinates": {"aspect": aspect}} for aspect in (2.0, "picture")]
    changes = {**SMALL, "engine": "fused", "coordinates": {"range": "unit"}}
    ended = [last for _, last in sf.train_many(picture(9, 17), recipes=trials, **changes) if last.ended]
    assert np.array_equal(ended[0].painting(), ended[1].painting())
    sf.check(picture(9, 17), **SMALL, **aspect)


@pytest.mark.slow
def test_no_film(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", **SMALL)
    assert not list(run.folder.glob("learning*"))
    assert (run.folder / "curve.svg").exists()


def test_train_yields_snapshots_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    snapshots = list(sf.train(picture=picture(), **SMALL))
    assert isinstance(snapshots[0], sf.Snapshot)
    assert snapshots[-1].ended == "epochs"
    assert snapshots[-1].painting().shape == (9, 7, 3)
    assert not list(tmp_path.iterdir())


def test_a_recipe_or_the_name_of_one() -> None:
    recipe = sf.Recipe.of(SMALL)
    *_, one = sf.train(picture(), recipe=recipe)
    *_, two = sf.train(picture(), recipe="fast", **SMALL)
    assert one.evaluation is not None
    assert two.evaluation is not None
    assert one.evaluation.mse == two.evaluation.mse


def test_gray_and_rgba_arrays() -> None:
    gray = picture()[:, :, 0]
    *_, last = sf.train(picture=gray, **SMALL)
    assert last.painting().shape == (9, 7, 1)
    rgba = np.concatenate([picture(), picture()[:, :, :1]], axis=2)
    *_, last = sf.train(picture=(rgba * 255).round().astype(np.uint8), **SMALL)
    assert last.painting().shape == (9, 7, 4)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 4, 5)), "an array of shape"),
        (np.zeros((1, 4, 3)), "at least 2x2 pixels"),
        (np.zeros((4, 4, 3)) + 1.5, "floats in \\[0, 1\\]"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, message: str, tmp_path: Path) -> None:
    with pytest.raises(sf.PictureError, match=message):
        sf.paint(array, runs=tmp_path / "runs", **SMALL)
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["image", "array", "tensor", "list"])
def test_a_picture_in_memory_is_learned_by_all_that_learn(tmp_path: Path, kind: str) -> None:
    values = (picture() * 255).round().astype(np.uint8)
    image = Image.fromarray(values)
    exif = image.getexif()
    exif[0x0112] = 3
    image.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as opened:
        upright = values[::-1, ::-1]
        given: Any = {
            "image": opened,
            "array": upright,
            "tensor": torch.from_numpy(upright.copy()),
            "list": (upright / 255).tolist(),
        }[kind]
        expected = sf.load_picture(tmp_path / "a.png")
        np.testing.assert_array_equal(sf.load_picture(given), expected)
        run = sf.paint(given, runs=tmp_path / "runs", film="none", **SMALL)
        fitted = sf.fit(torch.nn.Linear(2, 3), given, runs=tmp_path / "runs", film="none", **SMALL)
        for one in (run, fitted):
            np.testing.assert_array_equal(one.picture, expected)
            assert one.facts["picture"]["sha256"] == images.sha256(expected)
            assert one.facts["picture"]["source"] == ("image" if kind == "image" else "array")
        *_, last = sf.train(given, recipe="fast", picture={"max_side": 5}, **SMALL)
        assert last.painting().shape[0] == 5
        many = {**SMALL, "engine": "auto"}
        assert {index for index, _ in sf.train_many(given, recipes=[{"seed": 1}, {"seed": 2}], **many)} == {0, 1}
        assert sf.check(given, recipe="fast", **SMALL).trial.pixels == 63


@pytest.mark.slow
def test_a_picture_in_memory_is_compared_on(tmp_path: Path) -> None:
    # A recipe has a picture of its own, which the one that is given takes the place of.
    arms = {"a": {}, "b": sf.Recipe.of({**SMALL, "seed": 3})}
    found = sf.compare(arms, picture(), seeds=1, tune=False, workers=1, out=tmp_path / "experiment", **SMALL)
    assert found.plan.picture["sha256"] == images.sha256(picture())
    assert all(arm.recipe.picture.source == "array" for arm in found.plan.arms)


@pytest.mark.slow
def test_a_run_stopped_while_it_is_compared_is_painted_when_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfumato.training.picture.problem.rows_per_block", lambda *_: 1)
    monkeypatch.setattr("sfumato.training.picture.evaluation.QUIET", 0)
    stages = Stages()
    changes = {**SMALL, "evaluation": {"interval": "end"}}
    run = sf.paint(picture(), runs=tmp_path, observers=[stages], stop=lambda: bool(stages.calls), **changes)
    assert [name for name, *_ in stages.calls] == ["evaluation", "evaluation"]
    assert (run.status, run.psnr) == ("stopped", None)
    assert f"sfumato resume {run.folder}" in run.summary()
    again = sf.resume(run.folder, film="none")
    assert again.status == "done"
    assert again.psnr is not None
    assert again.facts["stage"] is None


@pytest.mark.slow
@pytest.mark.parametrize("size", [(2, 2), (2, 9)])
def test_the_smallest_pictures_have_a_film(tmp_path: Path, size: tuple[int, int]) -> None:
    run = sf.paint(picture(*size), runs=tmp_path, film=FilmOptions(kind="beside", seconds=0.3), **SMALL)
    assert (run.folder / "learning-beside.mp4").exists()
    assert sf.check(picture(*size), recipe="fast", **SMALL).findings


def test_ways_to_give_a_picture() -> None:
    for snapshots in (
        sf.train("cat", recipe="fast", picture={"max_side": 8}, **SMALL),
        sf.train({"source": "cat", "max_side": 8}, recipe="fast", **SMALL),
        sf.train(picture={"source": "cat", "max_side": 8}, **SMALL),
    ):
        assert next(iter(snapshots)).size == (5, 8)
    with pytest.raises(sf.RecipeError, match="must be given once"):
        next(sf.train("cat", recipe="fast", picture="coffee"))


def test_wrong_input_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(sf.RecipeError, match="did you mean model.depth"):
        sf.paint(picture(), runs=tmp_path / "runs", model={"dept": 3})
    with pytest.raises(sf.PictureError, match="nowhere.png"):
        sf.paint("nowhere.png", runs=tmp_path / "runs")
    with pytest.raises(sf.EngineError, match="replica cannot"):
        sf.paint(picture(), runs=tmp_path / "runs", engine="replica")
    assert not (tmp_path / "runs").exists()


def test_a_failure_in_the_middle_is_recorded(tmp_path: Path) -> None:
    class Crash(Exception):
        pass

    def watch(snapshot: sf.Snapshot) -> None:
        if snapshot.epoch >= 1:
            raise Crash

    with pytest.raises(Crash):
        sf.paint(picture(), runs=tmp_path, observers=[watch], **SMALL)
    (folder,) = tmp_path.iterdir()
    assert sf.load_run(folder).status == "failed"


@pytest.mark.slow
def test_linear_light_is_painted_as_srgb(tmp_path: Path) -> None:
    flat = np.full((8, 8, 3), 0.5, dtype=np.float32)
    Image.fromarray((flat * 255).astype(np.uint8)).save(tmp_path / "flat.png")
    small = {**SMALL, "budget": {"epochs": 300}, "evaluation": {"interval": "end"}}
    run = sf.paint(
        {"source": str(tmp_path / "flat.png"), "transfer": "linear"}, runs=tmp_path / "runs", film="none", **small
    )
    assert run.picture.mean() == pytest.approx(0.212, abs=0.01)
    assert run.painting.mean() == pytest.approx(0.5, abs=0.05)


class Two(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


@pytest.mark.slow
def test_check_says_whether_a_recipe_will_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = sf.check(picture(), recipe="fast", **SMALL)
    assert isinstance(found, sf.Diagnosis)
    assert found.works
    huge = {**SMALL, "training": {"batch": 16, "optimizer": "sgd(lr=1e6)"}}
    assert not sf.check(picture(), **huge).works
    own = sf.check(picture(), module=Two(), **SMALL)
    assert [layer.name for layer in own.trial.before.layers] == ["layers.0", "layers.2"]
    assert not list(tmp_path.iterdir())
    with pytest.raises(sf.RecipeError, match="did you mean seed"):
        sf.check(picture(), recipe="fast", seeds=1)


MANY = [{"seed": 1}, {"seed": 2, "training": {"optimizer": "sgd(lr=0.05)"}, "budget": {"steps": 5}}]


MANY_SMALL = {**SMALL, "engine": "auto"}


def test_many_networks_at_once() -> None:
    last = dict(sf.train_many(picture(), recipes=MANY, **{**MANY_SMALL, "threads": 2}))
    assert [last[index].step for index in (0, 1)] == [12, 5]
    for index, changes in enumerate(MANY):
        small = {
            **MANY_SMALL,
            "engine": "fused",
            **changes,
            "training": {**MANY_SMALL["training"], **changes.get("training", {})},
        }
        *_, alone = sf.train(picture(), **small)
        for name, value in alone.weights().items():
            np.testing.assert_array_equal(last[index].weights()[name], value)


@pytest.mark.slow
def test_ways_to_give_many_recipes() -> None:
    recipe = sf.preset("fast")
    small = {"budget": {"steps": 1}, "training": SMALL["training"], "model": SMALL["model"]}
    given = [recipe, "fast", {}]
    assert {index for index, _ in sf.train_many("cat", recipes=given, picture={"max_side": 8}, **small)} == {0, 1, 2}
    own = [sf.Recipe(picture=sf.Picture(max_side=8), seed=seed) for seed in (1, 2)]
    assert all(snapshot.size == (5, 8) for _, snapshot in sf.train_many(recipes=own, **small))


def test_one_of_many_is_stopped() -> None:
    endless = {**MANY_SMALL, "budget": {"epochs": 10**6}}
    last = dict(
        sf.train_many(picture(), recipes=[{}, {"budget": {"steps": 7}}], stop=lambda index: index == 0, **endless)
    )
    assert [last[index].ended for index in (0, 1)] == ["stopped", "steps"]


@pytest.mark.parametrize(
    ("recipes", "options", "error", "message"),
    [
        ([], {}, sf.RecipeError, "at least one recipe"),
        ([{}], {"threads": -1}, sf.RecipeError, "threads must be 0 .* Got -1"),
        ([{}, {"seeds": 1}], {}, sf.RecipeError, "recipe 1: .*did you mean seed"),
        ([{}, "fats"], {}, sf.RecipeError, "recipe 1: .*did you mean 'fast'"),
        ([{}, 7], {}, sf.RecipeError, "recipe 1 must be a recipe, a preset's name or a mapping of changes. Got int"),
        ([{}, {"picture": {"max_side": 9}}], {}, sf.RecipeError, "recipe 1: must not change the picture"),
        ([{}, {"training": {"batch": 1}}], {}, sf.EngineError, "recipe 1 cannot .*batch must be 2 or more. Got 1"),
        ([{"engine": "replica"}], {}, sf.EngineError, "recipe 0 cannot .*engine must be"),
    ],
)
def test_many_recipes_that_are_wrong(
    recipes: list[Any], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        sf.train_many(picture(), recipes=recipes, **{**MANY_SMALL, **options})
    assert "\n" not in str(caught.value)


def test_many_recipes_of_different_pictures() -> None:
    recipes = [sf.Recipe(picture=sf.Picture(source=source)) for source in ("cat", "cat", "coffee")]
    with pytest.raises(sf.RecipeError, match="recipe 2 must have the picture of recipe 0"):
        sf.train_many(recipes=recipes, **MANY_SMALL)
