"""Runs as tables."""

from __future__ import annotations

from pathlib import Path

import pytest

import sfumato as sf
from tests.runs import made
from tests.small import SMALL, picture


@pytest.mark.slow
def test_a_folder_of_runs_and_the_evaluations_of_one(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", live=False, **SMALL)
    made.run(tmp_path, "other", facts={"status": "stopped", "result": None}, model={"depth": 7})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    found = sf.list_runs(tmp_path, sort="name")
    assert {each.folder.name for each in found} == {run.folder.name, "other"}
    table = found.table()
    assert len(table) == 3
    (row,) = table.filter(name=run.folder.name)
    assert (row["state"], row["psnr"], row["model.depth"]) == ("done", run.psnr, run.recipe.model.depth)
    assert table.kinds["model.depth"] is int
    assert table.kinds["training.optimizer"] is str
    assert [each["name"] for each in table.filter(**{"model.depth": 7})] == ["other"]
    assert next(iter(table.filter(name="broken")))["state"] == "damaged"
    lines = run.table()
    assert len(lines) == len(run.metrics)
    assert lines["psnr"][-1] == run.psnr
    assert "stats" not in lines.columns


def test_words_and_order_are_those_of_the_command(tmp_path: Path) -> None:
    for name, psnr in (("a-zebra", 20.0), ("b-zebra", 30.0), ("c-two", 25.0)):
        result = {"epoch": 1.0, "step": 1, "samples": 1, "seconds": 1.0, "loss": 0.1, "psnr": psnr}
        made.run(tmp_path, name, facts={"status": "done", "result": result})
    found = sf.list_runs(tmp_path, "zebra", sort="psnr")
    assert [each.name for each in found.entries] == ["b-zebra", "a-zebra"]
    assert found[0].psnr == 30.0
    assert [run.folder.name for run in found[:1]] == ["b-zebra"]
    with pytest.raises(sf.RunError, match="sort must be one of"):
        sf.list_runs(tmp_path, sort="luck")
