"""A run that was stopped, killed, or changed resumes with bit-identical results, or says why it cannot."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato as sf
from sfumato.runs import checkpoints, requests, weights
from tests.patience import PATIENCE, eventually
from tests.small import SMALL, picture

pytestmark = pytest.mark.slow

SGD_2012 = {
    "training": {"batch": 1, "optimizer": "sgd(lr=0.1, fan_in_scaling=true)", "schedule": "constant"},
    "coordinates": {"range": "unit"},
    "model": {"depth": 2, "width": 16, "init": "gaussian(0.3)"},
}
# The initialization that a connectivity with filters leaves without effect.
FILTERS = {"init": "random_hyperplanes"}
CASES: dict[str, dict[str, Any]] = {
    "replica": {**SGD_2012, "engine": "replica"},
    "online": {**SGD_2012, "engine": "online"},
    "sgd": {"training": {"optimizer": "sgd(momentum=0.9, nesterov=true)"}},
    "adam": {
        "training": {"optimizer": "adam", "schedule": "cosine(warmup=0.1)", "sampler": "replacement"},
        "engine": "fused",
    },
    "foof": {"training": {"optimizer": "foof"}, "engine": "concurrent"},
    "adamw": {"training": {"optimizer": "adamw", "sampler": "fixed"}},
    "rmsprop": {"training": {"optimizer": "rmsprop(momentum=0.5)", "sampler": "sequential"}},
    "rprop": {"training": {"optimizer": "rprop", "batch": "all"}},
    "lbfgs": {"training": {"optimizer": "lbfgs(max_iter=3)", "batch": "all"}},
    "muon": {"training": {"optimizer": "muon"}, "data": {"split": 0.2}, "engine": "fused"},
    "muon in PyTorch": {"training": {"optimizer": "muon"}, "engine": "autograd"},
    "soap": {"training": {"optimizer": "soap(update_interval=3)"}, "data": {"split": 0.2}},
    "kfac": {"training": {"optimizer": "kfac(update_interval=4)"}},
    "adan": {"training": {"optimizer": "adan"}},
    "apollo": {"training": {"optimizer": "apollo"}},
    "lion": {"training": {"optimizer": "lion"}},
    "schedule_free": {"training": {"optimizer": "schedule_free"}},
    "shampoo": {"training": {"optimizer": "shampoo(lr=0.001, eps=1, update_interval=3)"}},
    "average": {"training": {"averaging": "ema(decay=0.9, interval=3)"}},
    "average in fused": {"training": {"optimizer": "foof", "averaging": "ema(decay=0.9)"}, "engine": "fused"},
    "dense": {"model": {"connectivity": "dense", "normalization": "layer"}, "engine": "fused"},
    "weight normalization": {"model": {"normalization": "weight"}, "training": {"optimizer": "foof"}},
    "filters": {"model": {**FILTERS, "connectivity": "multiplicative_filter"}, "engine": "fused"},
    "gabor filters": {"model": {**FILTERS, "connectivity": "multiplicative_filter(gabor)"}},
    "bacon": {"model": {**FILTERS, "connectivity": "bacon(sample_rate=32)", "depth": 4}},
    "fourier": {"model": {"encoding": "fourier(features=8)", "activation": "sine(2)"}},
}


def changes_of(case: str) -> dict[str, Any]:
    recipe = sf.Recipe.of(SMALL)
    whole = CASES[case]
    return {
        **SMALL,
        **{key: {**SMALL.get(key, {}), **value} if isinstance(value, dict) else value for key, value in whole.items()},
        "budget": {"epochs": 6},
        "seed": recipe.seed + 3,
    }


def last_weights(run: sf.Run) -> dict[str, np.ndarray]:
    return weights.load(run.moments()[-1])[0]


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("case", CASES)
def test_every_engine_and_optimizer_resumes_bit_for_bit(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = changes_of(case)
    whole = sf.paint(picture(), runs=tmp_path / "whole", film="none", **changes)
    # One step per snapshot, so that the run is stopped within an epoch.
    monkeypatch.setattr("sfumato.training.trainer.SECONDS_PER_SNAPSHOT", 1e-9)
    steps: list[int] = []
    stopped = sf.paint(
        picture(),
        runs=tmp_path / "parts",
        film="none",
        observers=[lambda snapshot: steps.append(snapshot.step)],
        stop=lambda: len(steps) >= 3,
        **changes,
    )
    assert stopped.status == "stopped"
    assert not same(last_weights(stopped), last_weights(whole))
    resumed = sf.resume(stopped.folder, film="none")
    assert resumed.status == "done"
    assert same(last_weights(resumed), last_weights(whole))
    for line, expected in zip(resumed.metrics[-2:], whole.metrics[-2:], strict=True):
        # How often NetworkStats are computed depends on timing.
        if "stats" in line and "stats" in expected:
            assert line["stats"] == expected["stats"]
        changing = {"seconds": 0, "loss": 0, "stats": 0}
        assert {**line, **changing} == {**expected, **changing}
    one, other = (checkpoints.files(run.folder)[-1] for run in (resumed, whole))
    assert one.read_bytes() == other.read_bytes()


def test_results_after_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", stop=lambda: True, **SMALL)
    step = checkpoints.files(run.folder)[-1]
    later = run.folder / "frames" / "999999999999.png"
    shutil.copy(run.folder / "painting.png", later)
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({**run.metrics[-1], "step": 10**9}) + '\n{"step": 1')
    resumed = sf.resume(run.folder, film="none")
    assert not later.exists()
    assert [line["epoch"] for line in resumed.metrics if line["epoch"] >= 1] == [1, 2, 3]
    assert step.exists()
    assert len(resumed.facts["resumed"]) == 1


def test_unknown_files_are_left_alone(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", stop=lambda: True, **SMALL)
    unknown = [run.folder / part / f"x{ending}" for part, ending in (("moments", ".safetensors"), ("frames", ".png"))]
    for path in unknown:
        path.write_bytes(b"mine")
    assert sf.resume(run.folder, film="none").status == "done"
    assert [path.read_bytes() for path in unknown] == [b"mine", b"mine"]


def test_a_run_killed_between_its_last_evaluation_and_its_end(tmp_path: Path) -> None:
    whole = sf.paint(picture(), runs=tmp_path, film="none", **SMALL)
    facts = json.loads((whole.folder / "run.json").read_text())
    (whole.folder / "run.json").write_text(json.dumps({**facts, "status": "running", "result": None}))
    resumed = sf.resume(whole.folder, film="none")
    assert resumed.status == "done"
    assert [line["epoch"] for line in resumed.metrics] == [1, 2, 3]
    assert resumed.psnr == whole.psnr


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path: Path) -> None:
    whole = sf.paint(picture(), runs=tmp_path / "whole", film="none", **SMALL)
    run = sf.paint(picture(), runs=tmp_path / "parts", film="none", stop=lambda: True, **SMALL)
    shutil.rmtree(run.folder / "checkpoints")
    assert same(last_weights(sf.resume(run.folder, film="none")), last_weights(whole))


def test_a_changed_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", stop=lambda: True, **SMALL)
    last = checkpoints.files(run.folder)[-1]
    data = bytearray(last.read_bytes())
    data[-1] ^= 1
    last.write_bytes(data)
    with pytest.raises(sf.RunError, match=rf"{last.name}.*its hash"):
        sf.resume(run.folder)
    last.write_bytes(data[:50])
    with pytest.raises(sf.RunError, match=rf"{last.name}.*whole checkpoint"):
        sf.resume(run.folder)
    assert sf.load_run(run.folder).status == "stopped"


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path / "a", film="none", stop=lambda: True, **SMALL)
    wide = {**SMALL, "model": {**SMALL["model"], "width": 17}}
    other = sf.paint(picture(), runs=tmp_path / "b", film="none", stop=lambda: True, **wide)
    shutil.rmtree(run.folder / "checkpoints")
    shutil.copytree(other.folder / "checkpoints", run.folder / "checkpoints")
    with pytest.raises(sf.RunError, match="must be one of this recipe"):
        sf.resume(run.folder)


def test_a_finished_run_is_not_resumed(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", **SMALL)
    with pytest.raises(sf.RunError, match=r"done \(epochs\).*--warm-start"):
        sf.resume(run.folder)


def test_a_run_killed_between_its_end_and_its_curve(tmp_path: Path) -> None:
    whole = sf.paint(picture(), runs=tmp_path, film="gif", **SMALL)
    made = {name: (whole.folder / name).read_bytes() for name in ("learning.gif", "curve.svg", "run.json")}
    (whole.folder / "curve.svg").unlink()
    (whole.folder / "learning.gif").unlink()
    assert sf.resume(whole.folder, film="gif").status == "done"
    assert {name: (whole.folder / name).read_bytes() for name in made} == made


def test_two_checkpoints_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.runs.observers.checkpoints.SECONDS_PER_CHECKPOINT", 0.0)
    # The run is too short for the checkpoints' usual overhead.
    monkeypatch.setattr("sfumato.runs.observers.checkpoints.CheckpointWriter.overhead", sf.Overhead.unlimited())
    run = sf.paint(picture(), runs=tmp_path, film="none", **SMALL)
    files = checkpoints.files(run.folder)
    assert [path.name for path in files] == ["000000000008.safetensors", "000000000012.safetensors"]
    assert len(list((run.folder / "checkpoints").iterdir())) == 4


def test_pause_resume_and_stop_through_the_folder(tmp_path: Path) -> None:
    seen: list[float] = []
    endless = {**SMALL, "budget": {"seconds": 2 * PATIENCE}, "evaluation": {"interval": "end"}}
    thread = threading.Thread(
        target=lambda: sf.paint(
            picture(), runs=tmp_path, film="none", observers=[lambda _: seen.append(time.monotonic())], **endless
        )
    )
    thread.start()
    eventually(lambda: len(seen) > 3)
    (folder,) = tmp_path.iterdir()
    requests.send(folder, "pause")
    eventually(lambda: sf.load_run(folder).status == "paused")
    count = len(seen)
    time.sleep(0.4)
    assert len(seen) <= count + 1
    requests.send(folder, "resume")
    eventually(lambda: len(seen) > count + 3)
    assert sf.load_run(folder).status == "running"
    requests.send(folder, "stop")
    thread.join(PATIENCE)
    assert sf.load_run(folder).status == "stopped"
    assert requests.pending(folder) is None
    with pytest.raises(sf.RunError, match="no process works on"):
        requests.send(folder, "stop")


def test_warm_start(tmp_path: Path) -> None:
    first = sf.paint(picture(), runs=tmp_path / "a", film="none", **SMALL)
    larger = picture(18, 14)
    nothing = {**SMALL, "budget": {"steps": 0}}
    second = sf.paint(larger, runs=tmp_path / "b", film="none", warm_start=first.folder, **nothing)
    assert same(last_weights(second), last_weights(first))
    assert second.facts["warm_start"] == {"run": first.folder.name, "id": first.facts["id"], "step": 12}
    wide = {**nothing, "model": {**SMALL["model"], "width": 17}}
    with pytest.raises(sf.RunError, match="must fit the recipe's network"):
        sf.paint(larger, runs=tmp_path / "c", warm_start=first.folder, **wide)
    assert not (tmp_path / "c").exists()


def test_divergence_ends_it_with_the_last_good_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.runs.observers.checkpoints.SECONDS_PER_CHECKPOINT", 0.0)
    wild = {**SMALL, "training": {"batch": 16, "optimizer": "sgd(lr=3)", "schedule": "constant"}}
    run = sf.paint(picture(), runs=tmp_path, **{**wild, "budget": {"epochs": 1000}})
    assert run.status == "diverged"
    (finding,) = run.facts["findings"]
    assert "no longer finite" in finding
    assert str(checkpoints.files(run.folder)[-1]) in finding
    arrays, _ = checkpoints.load(checkpoints.files(run.folder)[-1])
    assert all(np.isfinite(value).all() for value in arrays.values())
    assert not (run.folder / "painting.png").exists()
    assert (run.folder / "curve.svg").exists()


def test_a_part_of_a_run_s_name_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = sf.paint(picture(), film="none", stop=lambda: True, **SMALL)
    with pytest.raises(sf.RunError, match="must be a run's folder, or a part of a run's name in runs"):
        sf.resume("no such name")
    assert sf.resume(run.folder.name[-8:], film="none").status == "done"
