"""Experiments with an index of their trials."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import sfumato as sf
from sfumato.lab import report, trial_index
from sfumato.lab.layout import INDEX
from sfumato.tables import Table
from tests.lab.indexed import plain, same
from tests.lab.report import stub


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return three experiments: with failed trials, with other arms and rates, and with a report."""
    folder = tmp_path_factory.mktemp("experiments")
    stub.experiment(folder / "one", score=lambda arm, seed, rate: None if seed == 2 else stub.level(arm, seed, rate))
    stub.experiment(folder / "two", ("a", "c"), changes={"training": {"optimizer": "muon"}})
    report.write(stub.experiment(folder / "three", tune=True))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the experiments, with an index."""
    copy = tmp_path / "experiments"
    shutil.copytree(made, copy, ignore=shutil.ignore_patterns(INDEX))
    assert same(sf.load_trials(copy), plain(copy))
    assert (copy / INDEX).exists()
    return copy


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the experiments that are read from their own files from now on."""
    names: list[str] = []
    original = trial_index._trials  # pyright: ignore[reportPrivateUsage]

    def read(path: Path) -> Table:
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(trial_index, "_trials", read)
    return names
