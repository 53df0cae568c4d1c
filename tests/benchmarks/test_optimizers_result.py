"""The comparison of optimizers on many pictures: one command from calibration to the page, which may be ended."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import optimizers_calibration
import optimizers_figure
import optimizers_numbers
import optimizers_page
import optimizers_plan
import optimizers_result
import pytest
import results_file
from optimizers_plan import NETWORKS, OPTIMIZERS, Settings
from PIL import Image

from sfumato.errors import RunError

TINY = Settings(seconds=0.01, width=4, max_side=16, networks=("relu", "siren"), optimizers=("foof", "adam"))


def comparison(reference: str, mean: float, half: float, verdict: str) -> dict[str, Any]:
    """Return a comparison with two pictures."""
    return {
        "arm": "foof", "reference": reference, "mean": mean, "low": mean - half, "high": mean + half, "pairs": 6,
        "missing": 0, "verdict": verdict, "sentence": "", "differences": {"a": mean - 1, "b": mean + 1}, "turned": [],
        "at_these_rates": [mean - 0.1, mean + 0.1],
    }  # fmt: skip


@pytest.fixture
def numbers() -> dict[str, Any]:
    """Return made-up numbers of two networks."""
    mark = {"seconds": 4.0, "low": 20.0, "high": 30.0}
    arm = {
        "engine": "fused", "milliseconds_per_step": 2.0, "quartiles": [1.9, 2.2], "timings": 7,
        "milliseconds_per_step_autograd": 6.0,
        "steps": 2000, "rates": [0.1], "rates_tried": 5, "rate_at_border": 0, "failed_or_diverged": 0,
    }  # fmt: skip
    reading = {"psnr": {"foof": 25.0, "adam": None}, "differences": {"adam": None}}
    network = {
        "title": "ReLU", "source": "as usual", "parameters": 267,
        "arms": {name: {**arm, "marks": [{**mark, "mean": mean}]} for name, mean in (("foof", 25.0), ("adam", 24.0))},
        "comparisons": [comparison("adam", 1.0, 0.5, "better")],
        "equal_steps": {"steps": 700, **reading},
        "all_in_autograd": {"steps": {"foof": 700, "adam": 900}, **reading},
    }  # fmt: skip
    other = {**deepcopy(network), "title": "SIREN", "comparisons": [comparison("adam", 2.0, 0.5, "better")]}
    return {
        "settings": {
            "seconds": 4.0, "width": 128, "depth": 4, "batch": 512, "schedule": "cosine", "size": ["192x128"],
            "seeds": 1, "pictures": list("abcdef"), "tuning_pictures": ["g", "h"], "separate": True, "mean_color": 12.0,
            "optimizers": ["foof", "adam"],
        },
        "level": 0.95, "fewest_pictures": 5, "family": 2, "trainings": 100, "hours": {"nominal": 1.0, "recorded": 1.2},
        "networks": {"relu": network, "siren": other},
        "calibration": {
            "hardware": {"cpu": "a CPU", "cores": 2}, "versions": {"torch": "2", "numpy": "2", "numba": "0.6"},
        },
    }  # fmt: skip


def test_the_verdict_holds_for_all_networks_or_says_where_it_does_not(numbers: dict[str, Any]) -> None:
    assert optimizers_page.verdict(numbers).startswith("**`foof` beats every other optimizer on every network**: of 2")
    numbers["networks"]["siren"]["comparisons"] = [comparison("adam", 0.0, 0.5, "no difference shown")]
    assert optimizers_page.verdict(numbers).startswith("**`foof` is not shown to beat every other optimizer")
    numbers["networks"]["siren"]["comparisons"] = [comparison("adam", -2.0, 0.5, "worse")]
    numbers["networks"]["siren"]["arms"]["adam"]["marks"][-1]["mean"] = 27.0
    found = optimizers_page.verdict(numbers)
    assert found.startswith("**`foof` does not beat every other optimizer on every network**")
    assert "1 are above 0, 1 below, and 0 include it" in found
    assert "`foof` against `adam`: better on ReLU (+1.00 dB); worse on SIREN (-2.00 dB)." in found
    assert "`foof` on ReLU, `adam` on SIREN." in found
    assert "choice of learning rates, 1 are above 0 and 1 below." in found
    assert "mean color" not in found
    numbers["networks"]["siren"]["arms"]["foof"]["marks"][-1]["mean"] = 7.0
    assert "Not 1 dB above a painting of the mean color (12.0 dB)" in optimizers_page.verdict(numbers)
    assert "rates tried: `foof` on SIREN (7.0 dB);" in optimizers_page.verdict(numbers)
    numbers["networks"]["siren"]["comparisons"] = [comparison("adam", -2.0, 0.5, "none")]
    assert optimizers_page.verdict(numbers) == "No verdict: it needs 5 pictures with trainings that finished."


def test_the_page_has_a_row_per_comparison_and_lines_of_some_length(numbers: dict[str, Any]) -> None:
    found = optimizers_page.page(numbers, "pictures/x.svg")
    assert "| SIREN | `adam` | +2.00 | +1.50 to +2.50 | better | +1.90 to +2.10 | 0 of 6 |" in found
    assert "| ReLU | `foof` | `fused` | 2.00 (1.90 to 2.20) | 2,000 | 0.1 | 5 | 0 |" in found
    assert "](../pictures/x.svg)" in found
    assert max(len(line) for line in found.splitlines() if not line.startswith("|")) <= optimizers_page.LINE


def test_the_figure_has_a_dot_per_picture_where_its_axis_says(numbers: dict[str, Any]) -> None:
    root = ET.fromstring(optimizers_figure.figure(numbers))
    circles = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(circles) == 2 * (2 + 1)
    ticks: dict[float, float] = {}
    for each in root.iter():
        if each.attrib.get("class") == "tick":
            # Each network has an axis of its own; this is the first one's.
            ticks.setdefault(float(each.text or ""), float(each.attrib["x"]))
    # Two pictures of ReLU, at 0 and 2 dB.
    assert [float(each.attrib["cx"]) for each in circles[:2]] == pytest.approx([ticks[0], ticks[2]], abs=0.1)


def test_psnr_between_marks_is_linear_in_the_logarithm_of_steps() -> None:
    points = [(10, 20.0), (1000, 30.0)]
    row = {"step": 1000, "samples": 5000, "curve": [{"samples": 5 * at, "psnr": value} for at, value in points]}
    assert optimizers_numbers.psnr_at(row, 100) == pytest.approx(25.0)
    assert optimizers_numbers.psnr_at(row, 1000) == pytest.approx(30.0)
    assert optimizers_numbers.psnr_at(row, 5) is None


def test_every_network_trains_with_every_optimizer() -> None:
    for network in NETWORKS:
        found = {
            engine: optimizers_plan.recipe(network, optimizer, engine, TINY)
            for optimizer in OPTIMIZERS
            for engine in optimizers_plan.engines(optimizer)
        }
        assert all(recipe.model == found["autograd"].model for recipe in found.values())
        assert set(found) == {"autograd", "fused"}


def test_a_saved_calibration_decides_the_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side = {"median": 2.0, "quartiles": [2.0, 2.0], "n": 2}
    measured = {name: {"foof, fused": side, "adam, fused": {**side, "median": 1.0}} for name in TINY.networks}
    monkeypatch.setattr(optimizers_calibration, "measured", lambda *_: measured)
    first = optimizers_calibration.calibration(tmp_path, TINY, 2)
    assert first.steps("relu", TINY) == {"foof": 5, "adam": 10}
    measured["relu"]["foof, fused"]["median"] = 9.0
    assert optimizers_calibration.calibration(tmp_path, TINY, 2).steps("relu", TINY) == {"foof": 5, "adam": 10}
    with pytest.raises(RunError, match="must hold trainings of these settings"):
        optimizers_calibration.calibration(tmp_path, Settings(), 2)


@pytest.mark.slow
def test_the_command_can_be_ended_and_continued(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(2):
        values = np.random.default_rng(number).integers(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(values).save(tmp_path / "photos" / f"{number}.png")
    command = [
        "--pictures", str(tmp_path / "photos"), "--out", str(tmp_path / "out"), "--docs", str(tmp_path / "docs"),
        "--results", str(tmp_path / "results"), "--networks", *TINY.networks, "--optimizers", *TINY.optimizers,
        "--seconds", "0.01", "--width", "4", "--max-side", "16", "--rounds", "2", "--tuning-seeds", "2",
    ]  # fmt: skip
    optimizers_result.main([*command, "--minutes", "0"])
    assert "the same command continues" in capsys.readouterr().out
    assert not (tmp_path / "docs").exists()
    optimizers_result.main([*command, "--part", "siren"])
    trained = (tmp_path / "out" / "siren" / "trials.jsonl").read_bytes()
    assert trained
    assert not (tmp_path / "docs").exists()
    optimizers_result.main(command)
    assert (tmp_path / "out" / "siren" / "trials.jsonl").read_bytes() == trained
    page = (tmp_path / "docs" / "results" / "optimizers.md").read_text()
    found = json.loads((tmp_path / "results" / "optimizers.json").read_text())
    assert page == optimizers_page.page(found, optimizers_result.FIGURE)
    assert "No verdict: it needs 5 pictures" in page
    assert set(found["networks"]) == set(TINY.networks)
    # All of them decide the verdict.
    assert found["trainings"] == sum(
        len((tmp_path / "out" / name / "trials.jsonl").read_text().splitlines()) for name in TINY.networks
    )


def test_the_page_in_the_documentation_is_made_from_its_numbers() -> None:
    found = json.loads((results_file.FOLDER / "optimizers.json").read_text(encoding="utf-8"))
    docs = optimizers_result.DOCS
    made = optimizers_page.page(found, optimizers_result.FIGURE)
    assert (docs / optimizers_result.PAGE).read_text(encoding="utf-8") == made
    assert (docs / optimizers_result.FIGURE).read_text(encoding="utf-8") == optimizers_figure.figure(found)
