from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import pytest

from sfumato.render import CurvePoint, write_curve
from sfumato.render.curve import LOSS_COLOR, PSNR_COLOR

pytestmark = pytest.mark.slow

RUN = [CurvePoint(epoch, 2.5 * epoch, 0.1 / (1 + epoch), 12 + 0.7 * epoch) for epoch in range(21)]


def texts(path: Path) -> list[str]:
    """Return the texts of an SVG; raise unless it is well-formed."""
    return [
        "".join(element.itertext()).strip()
        for element in ET.fromstring(path.read_bytes()).iter("{http://www.w3.org/2000/svg}text")
    ]


def curve(path: Path, points: list[CurvePoint], title: str = "") -> list[str]:
    write_curve(path, points, title=title)
    return texts(path)


def test_axes_title_and_final_values_are_written(tmp_path: Path) -> None:
    found = curve(tmp_path / "curve.partial", RUN, "Cats & <dogs> at $5 or $6")
    for text in ("PSNR (dB)", "loss", "epoch (50 s of training)", "Cats & <dogs> at $5 or $6", "26.00 dB", "0.00476"):
        assert text in found


def test_the_final_value_is_the_last_finite_one(tmp_path: Path) -> None:
    later = [
        CurvePoint(21, 60, math.inf, None),
        CurvePoint(22, 61, math.nan, math.inf),
        CurvePoint(23, 62, 0, math.nan),
    ]
    found = curve(tmp_path / "curve.svg", [*RUN, *later])
    assert "26.00 dB" in found
    assert "0.00476" in found


def lines(path: Path, color: str) -> list[list[tuple[float, float]]]:
    """Return the points of the lines of one color, in units of the SVG."""
    return [
        [(float(x), float(y)) for x, y in re.findall(r"[ML] (\S+) (\S+)", element.get("d", ""))]
        for element in ET.fromstring(path.read_bytes()).iter("{http://www.w3.org/2000/svg}path")
        if f"fill: none; stroke: {color}" in element.get("style", "") and " L " in element.get("d", "")
    ]


def test_missing_values_do_not_interrupt_the_line(tmp_path: Path) -> None:
    sparse = [CurvePoint(e, e, 0.1, 20 + e % 4 if e % 2 == 0 else None) for e in range(21)]
    curve(tmp_path / "curve.svg", sparse)
    assert [len(line) for line in lines(tmp_path / "curve.svg", PSNR_COLOR)] == [11]


def test_the_loss_is_logarithmic_and_both_panels_share_the_epochs(tmp_path: Path) -> None:
    # The loss alternates, so that Matplotlib drops no point as lying on the line between its neighbors.
    bumpy = [CurvePoint(e, e, loss, 10 + e % 2) for e, loss in enumerate([0.1, 0.001, 1.0, 0.01, 0.1])]
    curve(tmp_path / "curve.svg", bumpy)
    (psnr,), (loss,) = (lines(tmp_path / "curve.svg", color) for color in (PSNR_COLOR, LOSS_COLOR))
    assert [x for x, _ in psnr] == pytest.approx([x for x, _ in loss])
    decade = (loss[1][1] - loss[2][1]) / 3
    assert [(y - loss[2][1]) / decade for _, y in loss] == pytest.approx([1, 3, 0, 2, 1])
    # A better PSNR is higher up, where y is smaller in SVG.
    assert psnr[1][1] < psnr[0][1]


@pytest.mark.parametrize("psnr", [None, 12.0, math.nan, -math.inf])
@pytest.mark.parametrize("loss", [0.1, math.nan, 0.0])
def test_one_point_is_enough(tmp_path: Path, psnr: float | None, loss: float) -> None:
    found = curve(tmp_path / "curve.svg", [CurvePoint(0.0, math.nan, loss, psnr)])
    assert ("12.00 dB" in found) == (psnr == 12.0)
    assert found.count("not measured") == (psnr != 12.0) + (loss != 0.1)


def test_no_point_leaves_labeled_axes(tmp_path: Path) -> None:
    found = curve(tmp_path / "curve.svg", [], "Nothing yet")
    assert found.count("not measured") == 2
    assert {"PSNR (dB)", "loss", "epoch", "Nothing yet"} <= set(found)


def test_a_title_in_any_script_is_written(tmp_path: Path) -> None:
    assert "モナ・リザ 🎨" in curve(tmp_path / "curve.svg", RUN, "モナ・リザ\x00\n🎨")


def test_the_same_points_give_the_same_bytes_and_settings_stay(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    write_curve(tmp_path / "a.svg", RUN, title="Twice")
    # Settings of the caller must neither change nor have an effect.
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "red"}):
        write_curve(tmp_path / "b.svg", RUN, title="Twice")
        assert matplotlib.rcParams["lines.linewidth"] == 9
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a.svg").read_bytes()
    assert dict(matplotlib.rcParams) == before
