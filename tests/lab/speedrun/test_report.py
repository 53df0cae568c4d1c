"""Results as text."""

from __future__ import annotations

import pytest

from sfumato.lab.speedrun.report import lines, table
from tests.lab.speedrun import made


def sections(result: dict[str, object]) -> dict[str, str]:
    """Return lines by their first word; continuation lines belong to it."""
    found: dict[str, str] = {}
    name = ""
    for line in lines(result):
        name = line[:12].strip() or name
        found[name] = f"{found.get(name, '')} {line[12:]}".strip()
    return found


def test_every_value_is_printed() -> None:
    found = sections(made.facts())
    assert found["hardware"] == "A processor (znver5), 2 cores"
    assert found["engine"] == "fused, float32 on cpu, threads 2"
    assert found["seeds"] == "100 to 102 (n = 3)"
    assert found["PSNR"] == "mean 28.30 dB, from 28.20 to 28.40, standard deviation 0.10"
    assert found["seconds"] == "mean 0.600, from 0.500 to 0.700, of training"
    assert found["operations"] == (
        "0.000184 PFLOP per training, matrix products only: 0.000148 by the network, 0.0000360 by the optimizer"
    )
    assert found["verdict"] == "target reached: 0.15 dB more than 28.15 dB, in 0.600 s"
    assert "41,700 times as fast" in found["2012"]
    assert "an epoch of training took 50 s on one core (EPYC Milan), so 500 epochs took 25,000 s" in found["2012"]
    assert "12,900 times as fast as its arithmetic" in found["2012"]
    assert "120.0 us per sample, median of 3 measurements, extrapolated to 500 epochs: 7,722 s" in found["2012"]
    assert found["recipe"].startswith("speedrun, 0.7 epochs sf2:")


def test_a_target_that_is_missed() -> None:
    assert sections(made.facts([28.0, 28.1, 28.2]))["verdict"] == "target missed: 0.05 dB less than 28.15 dB"
    diverged = sections(made.facts([28.2, None, 28.2]))
    assert diverged["verdict"] == "target of 28.15 dB missed: not every training finished"
    assert diverged["PSNR"] == "none: training diverged with seed 101"


def test_the_open_track() -> None:
    found = sections(made.facts([33.0, 33.5, 34.0], track="open"))
    assert found["verdict"] == "33.50 dB in 0.60 s"
    assert "2012" not in found


def test_tuning_seeds_are_marked() -> None:
    assert sections(made.facts(seeds="tuning"))["seeds"] == "100 to 102 (n = 3, for tuning: no record)"


def test_unknown_operations() -> None:
    assert sections(made.facts(operations=None))["operations"] == "unknown for this recipe"


def test_the_table() -> None:
    missed = made.facts([28.0, 28.1, 28.2])
    rows = table([made.facts(), made.facts(seeds="tuning"), missed, made.facts([33.0] * 3, track="open")])
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert len(cells) == 2 + 3
    assert len({len(row) for row in cells}) == 1
    assert cells[2] == [
        "closed",
        "`speedrun`, 0.7 epochs",
        "28.30 (28.20 to 28.40)",
        "0.60 (0.50 to 0.70)",
        "0.000184",
        "41,700",
        "12,900",
        "A processor (znver5), 2, 2026-11-25",
    ]
    assert cells[3][2] == "28.10 (28.00 to 28.20), missed"
    assert cells[4][5:7] == ["-", "-"]


@pytest.mark.parametrize("psnr", [None, 28.0])
def test_no_line_is_too_long_for_a_terminal(psnr: float | None) -> None:
    for line in lines(made.facts([psnr, psnr, psnr])):
        assert len(line) <= 120 or "sf2:" in line
