"""Results are kept row by row."""

from __future__ import annotations

import json
from pathlib import Path

import hardware
import results_file


def test_rows_measured_anew_replace_old_ones(tmp_path: Path) -> None:
    results_file.merge("x", {"a": 1, "b": 2}, tmp_path)
    path = results_file.merge("x", {"b": 3}, tmp_path)
    assert json.loads(path.read_text()) == {"a": 1, "b": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_circumstances_name_the_hardware() -> None:
    found = hardware.circumstances("numpy", "no-such-package")
    assert found["hardware"]["cpu"].strip("() ")
    assert found["hardware"]["cores"] >= 1
    assert {"python", "numba", "numpy", "torch"} == set(found["versions"])
    json.dumps(found)
