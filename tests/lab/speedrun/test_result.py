"""The statistics of the trials."""

from __future__ import annotations

import json

import pytest

from sfumato.lab.speedrun.result import result
from sfumato.lab.speedrun.tracks import TRACKS
from sfumato.recipe import from_string
from tests.lab.speedrun import made


def test_numbers() -> None:
    found = made.facts()
    assert found["n"] == 3
    assert found["psnr"] == {"mean": pytest.approx(28.3), "min": 28.2, "max": 28.4, "sd": pytest.approx(0.1)}
    assert found["seconds"]["mean"] == pytest.approx(0.6)
    assert (found["reached"], found["margin"]) == (True, pytest.approx(0.15))
    up = found["speed_up"]
    assert up["seconds_2012"] == 25_000
    assert up["over_2012"] == pytest.approx(25_000 / 0.6)
    # Median of 100/0.5, 120/0.6 and 140/0.7: each turn of the replica is compared with its trial.
    assert up["over_replica_here"] == pytest.approx(200e-6 * 500 * 300 * 429)
    assert up["replica_seconds_extrapolated"] == pytest.approx(120e-6 * 500 * 300 * 429)
    assert [row["seed"] for row in found["trials"]] == [100, 101, 102]
    assert from_string(found["recipe"]) == made.recipe()


@pytest.mark.parametrize(("psnr", "reached"), [(28.1501, True), (28.1499, False)])
def test_the_mean_decides(psnr: float, reached: bool) -> None:
    found = made.facts([psnr - 1, psnr, psnr + 1])
    assert found["reached"] is reached
    assert found["margin"] == pytest.approx(psnr - 28.15)


def test_one_seed_that_diverges_misses_the_target() -> None:
    trials = [made.trial(100, 40.0, 0.5), made.trial(101, None, 0.5, "diverged")]
    found = result(TRACKS["closed"], "official", "custom", made.recipe(), trials, [1e-4, 1e-4], made.MACHINE)
    assert (found["psnr"], found["reached"], found["margin"]) == (None, False, None)
    finite = [made.trial(100, 40.0, 0.5), made.trial(101, 40.0, 0.5, "diverged")]
    found = result(TRACKS["closed"], "official", "custom", made.recipe(), finite, [1e-4, 1e-4], made.MACHINE)
    assert found["reached"] is False


def test_the_open_track_has_no_target() -> None:
    found = made.facts(track="open")
    assert (found["target"], found["reached"], found["speed_up"]) == (None, None, None)


def test_it_is_json() -> None:
    assert json.loads(json.dumps(made.facts([28.2, None, 28.4]), allow_nan=False))["psnr"] is None
