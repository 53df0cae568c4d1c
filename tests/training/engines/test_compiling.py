"""Compiling is told, loading from Numba's cache is not."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from numba import njit

import sfumato as sf
from sfumato.log import log_to
from sfumato.recipe import Recipe, changed, engines
from sfumato.training.engines.compiling import announced
from tests.small import SMALL, picture
from tests.warm import ENGINES, KERNELS


def test_only_these_kernels_when_they_are_compiled() -> None:
    @njit
    def kernel(x: complex) -> complex:
        return x + 1

    @njit
    def other(x: int) -> int:
        return x - 1

    said: list[str] = []
    with log_to(said.append):
        with announced("online", kernel):
            other(1)
        assert said == []
        with announced("online", kernel):
            kernel(1)
            kernel(1.5)
        assert said == ["compiling engine online for this machine, once; it takes some seconds ..."]
        with announced("online", kernel):
            kernel(1)
    kernel(1j)
    assert len(said) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_every_compiled_engine_tells_of_its_kernel(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, Any]] = []

    @contextmanager
    def announced(name: str, *kernels: Any) -> Iterator[None]:
        told.extend((name, kernel) for kernel in kernels)
        yield

    module = engines.ENGINES[engine].implementation.partition(":")[0]
    monkeypatch.setattr(f"{module}.announced", announced)
    recipe = changed(Recipe(), {**SMALL, **ENGINES[engine], "engine": engine, "budget": {"steps": 1}})
    for _ in sf.train(picture(), recipe=recipe):
        """It is the first step that compiles."""
    kernel = importlib.import_module(KERNELS[engine][0]).train
    assert (engine, kernel) in told


@pytest.mark.slow
def test_a_person_is_told_the_first_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sfumato", "paint", "cat", "--preset", "blog-2012", "--engine", "replica"]
    command += ["--picture.max-side", "9", "--budget.epochs", "1", "--film.every", "never", "--runs", str(tmp_path)]
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PATH": "", "OMP_NUM_THREADS": "1"}
    first, second = (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True) for _ in range(2)
    )
    assert first.stderr.count("compiling engine replica for this machine") == 1
    assert "compiling" not in second.stderr
    assert "compiling" not in first.stdout
