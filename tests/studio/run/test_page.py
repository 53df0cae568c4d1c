"""The data of one run's page, whatever its files hold."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image
from starlette.testclient import TestClient

import sfumato as sf
from sfumato import images
from sfumato.recipe import from_string
from sfumato.runs import layout, weights
from sfumato.studio.run import curves
from tests.runs import made


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def test_a_finished_run(over_trained: TestClient, trained: sf.Run) -> None:
    found = over_trained.get(f"/api/runs/{trained.folder.name}").json()
    assert found["state"] == "done"
    assert not found["live"]
    assert found["progress"] == 1
    assert (found["width"], found["height"], found["channels"]) == (16, 20, 3)
    assert found["layers"] == [16, 16, 3]
    assert found["parameters"] == 2 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3
    assert found["recipe"]["model.width"] == "16"
    assert from_string(found["string"]) == trained.recipe
    assert found["again"]["changes"]["training.optimizer"] == "adam(lr=0.01)"
    assert [each["step"] for each in found["moments"]] == [int(path.stem) for path in trained.moments()]
    assert [each["psnr"] for each in found["frames"]] == [line["psnr"] for line in trained.metrics]
    # 2 operations per weight and sample, once forward and twice backward.
    weights = 2 * 16 + 16 * 16 + 16 * 3
    assert [each["operations"] for each in found["frames"]] == [
        6 * weights * line["samples"] for line in trained.metrics
    ]
    assert found["files"]["curve"].endswith("/files/curve.svg")


def test_its_pictures(over_trained: TestClient, trained: sf.Run) -> None:
    at = f"/api/runs/{trained.folder.name}"
    target, painting = (over_trained.get(f"{at}/{name}") for name in ("target.png", "painting.png"))
    assert np.array_equal(pixels(target.content), images.to_uint8(trained.picture))
    assert painting.content == (trained.folder / "painting.png").read_bytes()
    last = over_trained.get(f"{at}").json()["frames"][-1]["step"]
    assert (
        over_trained.get(f"{at}/frames/{last}.png").content == (trained.folder / f"frames/{last:012d}.png").read_bytes()
    )
    error = pixels(over_trained.get(f"{at}/errors/{last}.png").content)
    off = np.abs(pixels(target.content).astype(float) - pixels(painting.content)).mean(axis=2)
    # Magma's lightness increases monotonically.
    bright = error.astype(float).sum(axis=2)
    assert bright[off > np.quantile(off, 0.9)].min() > bright[off < np.quantile(off, 0.1)].max()
    assert np.array_equal(error, pixels(over_trained.get(f"{at}/errors/last.png").content))
    for name in ("target.png", "painting.png", f"errors/{last}.png"):
        tag = over_trained.get(f"{at}/{name}").headers["etag"]
        again = over_trained.get(f"{at}/{name}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    for name in (
        "frames/1.png",
        "frames/x.png",
        "frames/-1.png",
        "errors/77.png",
        f"frames/{'9' * 5000}.png",
        "live.jpg",
    ):
        assert over_trained.get(f"{at}/{name}").status_code == 404


@pytest.mark.slow
def test_a_linear_target_is_shown_as_srgb(runs: Path) -> None:
    from tests.small import SMALL, picture
    from tests.studio.client import client

    run = sf.paint(
        recipe=None,
        film="none",
        runs=runs,
        **{**SMALL, "picture": {"source": "cat", "max_side": 12, "transfer": "linear"}},
    )
    with client(runs) as studio:
        target = pixels(studio.get(f"/api/runs/{run.folder.name}/target.png").content)
    assert np.array_equal(target, images.to_uint8(images.to_srgb(run.picture, "linear")))
    assert not np.array_equal(target, images.to_uint8(run.picture))
    assert picture().shape == (9, 7, 3)


def test_its_curves(over_trained: TestClient, trained: sf.Run) -> None:
    found = over_trained.get(f"/api/runs/{trained.folder.name}/metrics").json()
    assert found["psnr"] == [line["psnr"] for line in trained.metrics]
    assert found["layers"] == ["layers.0", "layers.1", "layers.2"]
    assert len(found["stable_rank"][-1]) == 3
    assert len(found["running"]["epoch"]) == len(trained.moments())
    assert found["running"]["psnr"][0] is None


@pytest.mark.slow
def test_long_curves_are_thinned(studio: TestClient, runs: Path) -> None:
    folder = made.run(runs, "long")
    line = {"epoch": 0.0, "samples": 1, "seconds": 0.0, "loss": None, "psnr": None}
    (folder / "metrics.jsonl").write_text("".join(json.dumps({**line, "step": step}) + "\n" for step in range(9001)))
    steps = studio.get("/api/runs/long/metrics").json()["step"]
    assert len(steps) == curves.MAX_POINTS
    assert (steps[0], steps[-1]) == (0, 9000)
    gaps = np.diff(steps)
    assert gaps.max() - gaps.min() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "facts",
    [
        {"result": {"psnr": float("nan"), "seconds": float("inf")}},
        {"findings": ["\ud800", {"deep": [float("-inf")]}]},
        {"recipe": {"model": {"depth": "many"}}},
        {"recipe": {"budget": 7, "picture": "cat"}},
        {"picture": None},
        {"picture": {"width": "wide", "channels": [1]}},
        {"provenance": "a\u0000b", "started": 12},
        {"status": "running"},
        {"status": "\u202egnp"},
    ],
    ids=str,
)
def test_unexpected_contents_are_handled(studio: TestClient, runs: Path, facts: dict[str, object]) -> None:
    folder = made.run(runs, "strange", facts=facts)
    (folder / "metrics.jsonl").write_text('{"epoch": NaN}\n')
    for part in ("", "/metrics", "/target.png", "/painting.png", "/errors/last.png", "/layers/1", "/histograms"):
        answer = studio.get(f"/api/runs/strange{part}")
        assert answer.status_code in (200, 404, 409), answer.text
        if answer.status_code != 200:
            assert "Traceback" not in answer.json()["problem"]
    assert studio.get("/api/runs").status_code == 200


def test_an_unexpected_error_shows_no_details(
    studio: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.run(runs, "one")

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(curves, "data", broken)
    answer = studio.get("/api/runs/one/metrics")
    assert answer.status_code == 500
    problem = "The studio failed unexpectedly; see its terminal for the error."
    assert answer.json() == {"problem": problem, "field": None}
    assert "content-security-policy" in answer.headers
    assert "a secret of the inside" in capsys.readouterr().err


def test_unknown_paths_get_json(studio: TestClient) -> None:
    assert studio.get("/api/nothing").json()["problem"] == "There is nothing at this address."
    assert studio.post("/api/form").status_code == 405
    assert studio.delete("/api/runs").status_code == 405


def test_a_live_run_has_a_running_psnr_before_it_is_evaluated(studio: TestClient, runs: Path, trained: sf.Run) -> None:
    folder = made.run(runs, "one", facts={"status": "running", "result": None})
    (folder / layout.MOMENTS).mkdir()
    with FileLock(folder / "lock"):
        assert studio.get("/api/runs/one").json()["now"]["running_psnr"] is None
        moment = weights.moment_of(trained.moments()[-1])
        (folder / layout.moment(moment.step)).write_bytes(trained.moments()[-1].read_bytes())
        assert moment.running_psnr is not None
        for found in (studio.get("/api/runs/one").json()["now"], studio.get("/api/runs").json()["runs"][0]):
            assert (found["psnr"], found["running_psnr"]) == (None, moment.running_psnr)
    # A finished run has exact metrics only.
    assert studio.get("/api/runs/one").json()["now"]["running_psnr"] is None
