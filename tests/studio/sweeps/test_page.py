"""A sweep's page: columns of what was tried, single configurations, and the list of sweeps."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image
from starlette.testclient import TestClient

from sfumato.recipe import Recipe, changed, from_string, to_string
from sfumato.studio.sweeps import earlier, listing, page, tried
from tests.studio.sweeps import made
from tests.studio.sweeps.made import Configuration

RELU = {"model.width": 8, "model.activation": 0}
SINE = {"model.width": 64, "model.activation": 1, "model.activation.sine": 30}


def test_what_was_tried_comes_in_columns(studio: TestClient, root: Path) -> None:
    made.sweep(
        root / "one",
        [
            Configuration(20.5, parameters=RELU, results={"parameters": 51}),
            Configuration(0.0, "diverged", SINE),
            Configuration(12.25, "pruned", SINE, state="PRUNED"),
            Configuration(21.5, parameters=SINE),
            Configuration(21.0, parameters=RELU),
            Configuration(state="RUNNING"),
            Configuration(state="FAIL"),
        ],
        trials=100,
    )
    found = studio.get("/api/sweeps/one").json()
    assert (found["shown"], found["tried"], found["wanted"], found["left_out"]) == ("one", 5, 100, 0)
    assert found["counts"] == {"finished": 3, "pruned": 1, "diverged": 1, "failed": 0, "running": 1}
    assert found["number"] == [0, 1, 2, 3, 4]
    states = [found["states"][state] for state in found["state"]]
    assert states == ["finished", "diverged", "pruned", "finished", "finished"]
    width, activation, sine = found["axes"]
    assert (width["name"], width["log"], width["low"], width["high"]) == ("model.width", True, 4, 64)
    assert activation["choices"] == ["relu", "sine(5..60)"]
    assert activation["values"] == [0, 1, 1, 1, 0]
    # Only those that chose it have the parameter.
    assert sine["values"] == [None, 30, 30, 30, None]
    # The worst there is, which a diverged training counts as, is no measurement.
    assert found["results"]["psnr"] == [20.5, None, 12.25, 21.5, 21]
    assert found["results"]["parameters"] == [51, None, None, None, None]
    assert "ssim" not in found["results"]
    assert found["curve"] == {"tried": [1, 4], "value": [20.5, 21.5]}
    assert found["verdict"] == f"sfumato sweep best {root}/one --top 3 --verdict"
    assert found["front"] == []


def test_for_what_is_minimized_less_is_better(studio: TestClient, root: Path) -> None:
    costs = [Configuration(20.0, results={"seconds": cost}, values=[cost]) for cost in (3.0, 2.0, 2.5)]
    diverged = Configuration(0.0, "diverged", values=[1e300])
    made.sweep(root / "one", [costs[0], diverged, *costs[1:]], objectives=["seconds"])
    assert studio.get("/api/sweeps/one").json()["curve"] == {"tried": [1, 3], "value": [3, 2]}
    assert studio.get("/api/sweeps").json()["sweeps"][0]["best"] == 2


@pytest.mark.parametrize(("objective", "worst"), [("ssim", 0.0), ("gflop", 1e300)])
def test_what_an_unknown_result_counts_as_is_no_measurement(
    studio: TestClient, root: Path, objective: str, worst: float
) -> None:
    unknown = Configuration(results={objective: None}, values=[worst])
    made.sweep(root / "one", [unknown, unknown], objectives=[objective])
    found = studio.get("/api/sweeps/one").json()
    assert found["curve"] == {"tried": [], "value": []}
    assert objective not in found["results"]
    assert found["counts"]["finished"] == 2
    known = Configuration(25.0, results={objective: 3.0}, values=[20.0, 3.0])
    unknown = Configuration(25.0, results={objective: None}, values=[25.0, worst])
    made.sweep(root / "two", [known, unknown], objectives=["psnr", objective])
    # The better PSNR of the other one does not make it one that nothing beats, as in `Sweep.pareto`.
    assert studio.get("/api/sweeps/two").json()["front"] == [0]


def test_the_worst_score_may_be_a_measurement(studio: TestClient, root: Path) -> None:
    made.sweep(root / "one", [Configuration(results={"ssim": 0.0}, values=[0.0])], objectives=["ssim"])
    assert studio.get("/api/sweeps/one").json()["curve"] == {"tried": [1], "value": [0]}


def test_the_front_of_several_objectives(studio: TestClient, root: Path) -> None:
    points = [(20.0, 50), (21.0, 60), (20.5, 70), (22.0, 90), (21.0, 60), (10.0, 49)]
    configurations = [Configuration(score, values=[score, size]) for score, size in points]
    worst = Configuration(0.0, "diverged", values=[0.0, 1e300])
    made.sweep(root / "one", [*configurations, worst], objectives=["psnr", "parameters"])
    assert set(studio.get("/api/sweeps/one").json()["front"]) == {0, 1, 3, 4, 5}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_front_is_what_none_beats(count: int) -> None:
    generator = np.random.default_rng(count)
    values = generator.integers(0, 6, (60, count)).astype(np.float64)
    values[::9, 0] = np.nan
    signs = np.array([1.0, -1.0, 1.0])[:count]
    known = [row for row in range(60) if np.isfinite(values[row]).all()]
    scores = values * signs
    beaten = {
        one
        for one, other in itertools.product(known, known)
        if (scores[other] >= scores[one]).all() and (scores[other] > scores[one]).any()
    }
    found = tried.pareto(values, signs, 100)
    assert set(found) == set(known) - beaten
    assert list(scores[found, 0]) == sorted(scores[found, 0], reverse=True)
    assert len(tried.pareto(values, signs, 1)) == 1


def test_of_many_the_best_and_some_others_are_shown(
    studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MAX_SHOWN", 10)
    monkeypatch.setattr(page, "MAX_BEST", 3)
    scores = [20 + (number * 7 % 40) / 10 for number in range(40)]
    made.sweep(root / "one", [Configuration(score) for score in scores])
    found = studio.get("/api/sweeps/one").json()
    assert (len(found["number"]), found["left_out"], found["tried"]) == (10, 30, 40)
    assert found["number"] == sorted(found["number"])
    best = sorted(range(40), key=lambda number: -scores[number])[:3]
    assert set(best) < set(found["number"])
    assert found["results"]["psnr"] == [scores[number] for number in found["number"]]
    whole = found["curve"]
    monkeypatch.setattr(tried, "MAX_TRIALS", 20)
    made.changed(root / "one", "UPDATE studies SET study_name = 'b'")
    found = studio.get("/api/sweeps/one").json()
    assert (found["considered"], found["tried"], found["left_out"]) == (20, 40, 30)
    # The best are those of all, the others of the latest only; the curve is that of all.
    assert set(best) < set(found["number"])
    assert min(set(found["number"]) - set(best)) >= 20
    assert found["results"]["psnr"] == [scores[number] for number in found["number"]]
    assert found["curve"] == whole


@pytest.mark.parametrize(("objective", "sign", "worst"), [("psnr", 1, 0.0), ("seconds", -1, 1e300)])
def test_the_best_of_many_may_be_an_early_one(
    studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch, objective: str, sign: int, worst: float
) -> None:
    monkeypatch.setattr(tried, "MAX_TRIALS", 4)
    monkeypatch.setattr(earlier, "MAX_KEPT", 2)
    scores = [50.0, 51.0, None, 60.0, "pruned", 55.0, None, 51.0, 52.0, 53.0]
    bad = Configuration(worst, "diverged", values=[worst])
    pruned = Configuration(12.0, "pruned", state="PRUNED")
    configurations = [
        bad
        if score is None
        else pruned
        if isinstance(score, str)
        else Configuration(values=[100 + sign * score], results={objective: 100 + sign * score})
        for score in scores
    ]
    made.sweep(root / "one", configurations, objectives=[objective])
    found = studio.get("/api/sweeps/one").json()
    assert found["number"] == [3, 5, 6, 7, 8, 9]
    assert found["curve"] == {"tried": [1, 2, 4], "value": [100 + sign * each for each in (50, 51, 60)]}
    assert (found["tried"], found["considered"], found["left_out"]) == (10, 4, 4)
    assert found["counts"] == {"finished": 3, "pruned": 1, "diverged": 1, "failed": 0, "running": 0}
    assert studio.get("/api/sweeps").json()["sweeps"][0]["best"] == found["curve"]["value"][-1]
    made.changed(root / "one", f"UPDATE trial_values SET value = {100 + sign * 61} WHERE trial_id = 9")
    curve = studio.get("/api/sweeps/one").json()["curve"]
    assert curve == {"tried": [1, 2, 4, 9], "value": [100 + sign * each for each in (50, 51, 60, 61)]}


def test_one_configuration_in_full(studio: TestClient, root: Path) -> None:
    recipe = changed(Recipe(), {"model": {"width": 9}, "picture": {"source": "cat"}})
    custom = changed(Recipe(), {"model": {"module": "nets:Net"}})
    folder = made.sweep(
        root / "one",
        [
            Configuration(results={"recipe": to_string(recipe)}),
            Configuration(results={"recipe": to_string(custom)}),
            Configuration(0.0, "failed", results={"reason": "too\nlarge", "recipe": "sf2:damaged"}),
        ],
    )
    (folder / "paintings").mkdir()
    Image.new("RGB", (9, 8), "red").save(folder / "paintings" / "000000.png")
    first, second, third = studio.get("/api/sweeps/one/configurations?numbers=0,1,2,77").json()
    assert from_string(first["recipe"]) == recipe
    assert first["again"]["changes"]["model.width"] == "9"
    assert first["again"]["changes"]["picture.source"] == "cat"
    assert first["command"] == f"sfumato paint --recipe {to_string(recipe)}"
    answer = studio.get(first["painting"])
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == (folder / "paintings" / "000000.png").read_bytes()
    # The studio's form takes no custom network, whose code it would import.
    assert second["again"] is None
    assert second["command"]
    assert third == {
        "number": 2,
        "reason": "too large",
        "painting": None,
        "recipe": None,
        "command": None,
        "again": None,
    }
    assert studio.get("/api/sweeps/one/paintings/1.png").status_code == 404
    assert studio.get("/api/sweeps/one/configurations").status_code == 404
    assert studio.get(f"/api/sweeps/one/configurations?numbers={','.join('1' * 25)}").status_code == 422


@pytest.mark.parametrize(("count", "letters"), [(300, 1), (900, 25)])
def test_a_field_may_have_many_values(
    studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch, count: int, letters: int
) -> None:
    labels = [f"{'x' * letters}{number}" for number in range(count)]
    distribution = {"name": "CategoricalDistribution", "attributes": {"choices": labels}}
    monkeypatch.setitem(made.DISTRIBUTIONS, "model.activation", distribution)
    chosen = [3, 250, count - 1]
    configurations = [Configuration(parameters={"model.activation": value}) for value in chosen]
    made.sweep(root / "one", configurations, space={"model.activation": labels})
    (axis,) = studio.get("/api/sweeps/one").json()["axes"]
    assert axis["choices"] == labels
    assert axis["values"] == chosen
    # A parameter that is no field's has its distribution only, which is read up to a limit.
    made.sweep(root / "two", configurations, space={"model.width": ["4..8"]})
    (axis,) = studio.get("/api/sweeps/two").json()["axes"]
    assert (axis["choices"], axis["values"]) == ((labels, chosen) if count == 300 else (["unknown"], [0, 0, 0]))


def test_the_form_s_link_has_the_recipe(studio: TestClient, root: Path) -> None:
    recipe = changed(Recipe(), {"model": {"width": 9, "activation": "sine(20)"}, "budget": {"epochs": 3}})
    made.sweep(root / "one", [Configuration(results={"recipe": to_string(recipe)})])
    (one,) = studio.get("/api/sweeps/one/configurations?numbers=0").json()
    described = studio.post("/api/describe", json=one["again"]).json()
    assert described["valid"]
    assert from_string(described["string"]) == recipe


def test_a_page_is_sent_once(studio: TestClient, root: Path) -> None:
    folder = made.sweep(root / "one", [Configuration()])
    first = studio.get("/api/sweeps/one")
    version = first.headers["etag"]
    assert studio.get("/api/sweeps/one", headers={"If-None-Match": version}).status_code == 304
    with FileLock(folder / "lock"):
        live = studio.get("/api/sweeps/one", headers={"If-None-Match": version})
        assert live.json()["live"] is True
    made.changed(folder, "UPDATE trial_values SET value = 30")
    assert studio.get("/api/sweeps/one").json()["curve"]["value"] == [30]


def test_a_database_that_is_long_to_read_is_read_rarely(
    studio: TestClient, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made.sweep(root / "one", [Configuration()])
    monkeypatch.setattr(listing, "REST", 1e9)
    assert studio.get("/api/sweeps/one").json()["curve"]["value"] == [20]
    made.changed(folder, "UPDATE trial_values SET value = 30")
    assert studio.get("/api/sweeps/one").json()["curve"]["value"] == [20]
    monkeypatch.setattr(listing, "REST", 0.0)
    assert studio.get("/api/sweeps/one").json()["curve"]["value"] == [30]
