"""Tests of the message about compiling, which is not logged when kernels are loaded from Numba's cache."""

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
from sfumato.training.engines.compiled_engine import announced
from tests.small import SMALL, picture
from tests.warm import ENGINES, KERNELS


@pytest.mark.slow
def test_only_compiling_of_these_kernels_is_logged() -> None:
    @njit
    def kernel(x: complex) -> complex:
        return x + 1

    @njit
    def other(x: int) -> int:
        return x - 1

    logged: list[str] = []
    with log_to(logged.append):
        with announced("online", kernel):
            other(1)
        assert logged == []
        with announced("online", kernel):
            kernel(1)
            kernel(1.5)
        assert logged == ["compiling engine online for this machine, once; it takes some seconds ..."]
        with announced("online", kernel):
            kernel(1)
    kernel(1j)
    assert len(logged) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_every_compiled_engine_announces_its_kernel(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    announcements: list[tuple[str, Any]] = []

    @contextmanager
    def announced(name: str, *kernels: Any) -> Iterator[None]:
        announcements.extend((name, kernel) for kernel in kernels)
        yield

    module = engines.ENGINES[engine].implementation.partition(":")[0]
    monkeypatch.setattr(f"{module}.announced", announced)
    recipe = changed(Recipe(), {**SMALL, **ENGINES[engine], "engine": engine, "budget": {"steps": 1}})
    for _ in sf.train(picture(), recipe=recipe):
        """Wait for the first step, which compiles."""
    kernel = importlib.import_module(KERNELS[engine][0]).train
    assert (engine, kernel) in announcements


@pytest.mark.slow
def test_the_command_line_reports_compiling_the_first_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sfumato", "paint", "cat", "--preset", "blog-2012", "--engine", "replica"]
    command += ["--picture.max-side", "9", "--budget.epochs", "1", "--film.every", "never", "--runs", str(tmp_path)]
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PATH": "", "OMP_NUM_THREADS": "1"}
    first, second = (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True) for _ in range(2)
    )
    assert first.stderr.count("compiling engine replica for this machine") == 1
    assert "compiling" not in second.stderr
    assert "compiling" not in first.stdout
