"""Tests of the run folder: content, atomic writes, lock, and thinned moments."""

from __future__ import annotations

import base64
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sfumato as sf
from sfumato import models, render
from sfumato.errors import RunError
from sfumato.recipe import Recipe, changed, from_string
from sfumato.render.film_options import FilmOptions
from sfumato.runs import create, layout, load_run, replacing, weights
from sfumato.runs import metrics as metrics_file
from sfumato.runs.observers import RunRecord
from sfumato.runs.observers.moments import Selection
from sfumato.training import Overhead, PictureProblem, Start, resolve
from sfumato.training.health import LayerProbe
from sfumato.training.processor_share import ProcessorShare
from tests.runs import made
from tests.small import SMALL, picture


def written(folder: Path, **changes: Any) -> Recipe:
    recipe = resolve(changed(changed(Recipe(), SMALL), changes))
    folder.mkdir()
    made.write(folder, recipe, picture())
    return recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    written(path)
    return path


def test_facts(folder: Path) -> None:
    facts = json.loads((folder / "run.json").read_text())
    assert facts["layout"] == layout.VERSION
    assert facts["status"] == "done"
    assert facts["ended"] == "epochs"
    assert facts["result"]["epoch"] == 3
    assert facts["picture"]["height"] == 9
    assert from_string(facts["recipe_string"]) == Recipe.of(facts["recipe"])
    assert facts["provenance"]["torch"]
    assert facts["provenance"]["threads"] == 1
    assert facts["started"] <= facts["finished"]


def test_one_line_per_evaluation(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    names = ["epoch", "step", "samples", "seconds", "loss", "mse", "mae", "psnr", "ssim", "learning_rate"]
    assert [name for name in lines[0] if name != "stats"] == names
    assert all(math.isfinite(line[name]) for line in lines for name in names)
    assert lines[-1]["mse"] < lines[0]["mse"]


def test_statistics_of_every_layer(folder: Path) -> None:
    run = load_run(folder)
    stats = run.metrics[-1]["stats"]
    assert stats["layers"]["name"] == ["layers.0", "layers.1", "layers.2"]
    assert {len(column) for column in stats["layers"].values()} == {3}
    # The statistics are those of the saved network.
    model, _ = run.model()
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    again = LayerProbe(run.recipe, run.picture, model).measure(weights).as_json()
    assert again["layers"]["name"] == stats["layers"]["name"]
    for name in ("activation_spread", "gradient_norm", "stable_rank"):
        assert again["layers"][name] == pytest.approx(stats["layers"][name], rel=1e-4)
    assert "stats" not in run.facts["result"]
    assert run.facts["overhead"]["seconds"].get("stats", 0) >= 0


@pytest.mark.slow
def test_statistics_are_measured_within_their_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # At the last evaluation they are measured whatever they cost.
    monkeypatch.setattr("sfumato.runs.observers.metrics.STATS_OVERHEAD", Overhead(-1.0))
    run = sf.paint(picture(), runs=tmp_path, film="none", **SMALL)
    assert ["stats" in line for line in run.metrics] == [False, False, True]


@pytest.mark.slow
def test_a_run_without_statistics_is_read(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / folder.name
    shutil.copytree(folder, old)
    lines = [{name: value for name, value in line.items() if name != "stats"} for line in load_run(old).metrics]
    (old / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = load_run(old)
    assert run.metrics == lines
    render.finish(run, FilmOptions(every="never"), lambda *_: None)
    assert (old / "curve.svg").exists()


def test_a_run_is_read_back(folder: Path) -> None:
    run = load_run(folder)
    assert run.status == "done"
    assert run.recipe.model.width == 16
    assert run.psnr == run.metrics[-1]["psnr"]
    assert np.array_equal(run.picture, picture())
    model, moment = run.model()
    assert moment.step == run.metrics[-1]["step"]
    painting = models.outputs(model, models.grid(run.recipe.coordinates, 9, 7)).reshape(9, 7, 3)
    assert np.abs(np.clip(painting, 0, 1) - run.painting).max() <= 0.5 / 255 + 1e-6
    assert run.painting.std() > 0.05
    assert "dB" in run.summary()
    first, _ = run.model(run.moments()[0])
    assert not np.allclose(models.outputs(first, np.zeros((1, 2))), models.outputs(model, np.zeros((1, 2))))


def test_a_notebook_displays_the_painting(folder: Path) -> None:
    page = load_run(folder).as_html()
    assert base64.b64encode((folder / "painting.png").read_bytes()).decode() in page
    assert "dB after 3.00 epochs" in page
    assert "<script" not in page


def test_frames_are_the_evaluated_paintings(folder: Path) -> None:
    assert [path.name for path in sorted((folder / "frames").iterdir())] == [f"{step:012d}.png" for step in (4, 8, 12)]


def test_no_partial_file_is_left(folder: Path) -> None:
    assert not list(folder.rglob("*.partial"))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    recipe = resolve(changed(Recipe(), SMALL))
    problem = PictureProblem(recipe, picture())
    record = RunRecord(tmp_path, recipe, "0", picture())
    with pytest.raises(RunError, match="being written by another process"):
        RunRecord(tmp_path, recipe, "0", picture())
    record.begin(Start(recipe, problem, tmp_path))
    record.finish("done")
    resumed = RunRecord(tmp_path, recipe, "0", picture())
    resumed.begin(Start(recipe, problem, tmp_path, step=0))
    resumed.finish("done")
    # Two studios that serve one queue may both start a run.
    again = RunRecord(tmp_path, recipe, "0", picture())
    with pytest.raises(RunError, match="was started by another process"):
        again.begin(Start(recipe, problem, tmp_path))
    again.finish("failed")
    assert load_run(tmp_path).status == "done"


def test_a_run_that_could_not_start_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = resolve(changed(Recipe(), SMALL))
    folder = tmp_path / "run"
    folder.mkdir()
    record = RunRecord(folder, recipe, "0", picture())

    def full(path: Path, *_: Any, **__: Any) -> None:
        raise RunError(f"cannot write {path}: no space left on device.")

    monkeypatch.setattr("sfumato.runs.observers.record.write_bytes", full)
    with pytest.raises(RunError, match="no space left"):
        record.begin(Start(recipe, PictureProblem(recipe, picture()), folder))
    record.finish("failed")
    assert not folder.exists()


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    class Crash(Exception):
        pass

    with pytest.raises(Crash), replacing(path) as partial:
        partial.write_text("half")
        raise Crash
    assert path.read_text() == "before"
    with pytest.raises(RunError, match="cannot write .*: no space left"), replacing(path):
        raise OSError(28, "No space left on device")
    assert path.read_text() == "before"
    with replacing(path) as partial:
        partial.write_text("after")
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write .*not a directory.*--runs"):
        create(tmp_path / "file", "cat", "0")


def test_a_name_that_no_folder_can_have() -> None:
    with pytest.raises(RunError, match=r"cannot write .*null byte"):
        create(Path("a\0b"), "cat", "0")


def test_folders_of_one_second_do_not_collide(tmp_path: Path) -> None:
    names = {create(tmp_path / "runs", "Ünser Bild (1).jpg", "12ab34cd").name for _ in range(4)}
    assert len(names) == 4
    assert all("-nser-bild-1-12ab34cd" in name for name in names)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot read run.json"), ("[]", "must have layout 2"), ('{"layout": 99}', "Got 99"), (None, "cannot read")],
)
def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunError, match=message):
        load_run(tmp_path)


@pytest.mark.slow
def test_damaged_weights_are_refused_by_name(tmp_path: Path) -> None:
    written(tmp_path / "run")
    run = load_run(tmp_path / "run")
    last = run.moments()[-1]
    last.write_bytes(last.read_bytes()[:100])
    with pytest.raises(RunError, match=last.name):
        run.model()


@pytest.mark.slow
def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "a")
    written(tmp_path / "b", model={"width": 5})
    a, b = load_run(tmp_path / "a"), load_run(tmp_path / "b")
    with pytest.raises(RunError, match="must fit"):
        a.model(b.moments()[-1])


def test_an_incomplete_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    line = {"epoch": 1.0, "step": 4, "samples": 63, "seconds": 0.5, "loss": 0.1, "psnr": 1.0}
    metrics_file.append(path, line)
    with path.open("a") as file:
        file.write('{"psnr": 2')
    assert metrics_file.read(path) == [line]
    path.write_text("nonsense\n")
    with pytest.raises(RunError, match="one JSON object per line"):
        metrics_file.read(path)


class _Snapshot:
    def __init__(self, step: int, progress: float, ended: str | None) -> None:
        self.step, self.progress, self.ended = step, progress, ended


@given(st.integers(1, 5000), st.booleans())
def test_moments_are_few_and_denser_early_and_include_both_ends(steps: int, end_is_known: bool) -> None:
    selection = Selection(max_count=16)
    selected: list[int] = []
    for step in range(steps + 1):
        ended = "steps" if step == steps else None
        progress = 1.0 if ended else step / steps if end_is_known else 0.0
        snapshot: Any = _Snapshot(step, progress, ended)
        if selection.accepts(snapshot):
            removed = selection.add(snapshot)
            selected = [other for other in selected if other not in removed] + [step]
        assert len(selected) <= 16
    assert selected[0] == 0
    assert selected[-1] == steps
    assert selected == sorted(set(selected))
    if steps >= 300:
        assert len(selected) >= 6
        assert sum(step <= steps / 4 for step in selected) >= 0.35 * len(selected)


def test_a_moment_is_read_back(tmp_path: Path) -> None:
    moment = weights.Moment(1.5, 3, 0.25, None, 20.0, 0.5)
    weights.save(tmp_path / "m", {"a": np.arange(6.0)[::2]}, moment)
    arrays, back = weights.load(tmp_path / "m")
    assert back == moment == weights.moment_of(tmp_path / "m")
    assert arrays["a"].tolist() == [0, 2, 4]


def test_a_run_is_loaded_by_a_part_of_its_name(tmp_path: Path) -> None:
    one = made.run(tmp_path, "20260102-030405-cat-0123abcd", facts={"resumed": [], "result": None})
    made.run(tmp_path, "20260102-030405-dog-4567abcd")
    assert load_run("cat", runs=tmp_path).folder == one
    assert load_run(one).folder == one
    with pytest.raises(RunError, match="must be a part of one run's name. Got 2 such runs"):
        load_run("abcd", runs=tmp_path)
    with pytest.raises(RunError, match="'bird' must be a run's folder, or a part of a run's name"):
        load_run("bird", runs=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "reported"), [(0.34, True), (0.97, False), (None, False)])
def test_a_starved_run_reports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float | None, reported: bool
) -> None:
    monkeypatch.setattr(ProcessorShare, "share", lambda _: share)
    run = sf.paint(picture(), runs=tmp_path, film="none", **{**SMALL, "budget": {"seconds": 0.05}})
    assert run.facts["processor_share"] == share
    assert ("got 34% of the processor time that its thread requested" in run.summary()) == reported


@pytest.mark.slow
def test_negligible_updates_are_not_divergence(tmp_path: Path) -> None:
    # The loss is high and no step reduces it, so a lower learning rate would be the wrong suggestion.
    changes = {"training": {"batch": "all", "optimizer": "adam(lr=1e-9)"}, "budget": {"steps": 1100}}
    run = sf.paint(
        0.1 * picture(), runs=tmp_path, film="none", **{**SMALL, **changes, "evaluation": {"interval": "end"}}
    )
    assert run.facts["ended"] == "steps"
    (finding,) = run.facts["findings"]
    assert "updates were negligible" in finding
    assert finding.endswith("Try --training.optimizer adam.")
