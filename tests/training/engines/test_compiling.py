"""Compiling is told, loading from Numba's cache is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from numba import njit

from sfumato.notices import heard
from sfumato.training.engines.compiling import announced


def test_only_these_kernels_when_they_are_compiled() -> None:
    @njit
    def kernel(x: complex) -> complex:
        return x + 1

    @njit
    def other(x: int) -> int:
        return x - 1

    said: list[str] = []
    with heard(said.append):
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


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["replica", "fused"])
def test_a_person_is_told_the_first_time(tmp_path: Path, engine: str) -> None:
    preset = "blog-2012" if engine == "replica" else "fast"
    command = [sys.executable, "-m", "sfumato", "paint", "cat", "--preset", preset, "--engine", engine]
    command += ["--picture.max-side", "9", "--budget.epochs", "1", "--film.every", "never", "--runs", str(tmp_path)]
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PATH": "", "OMP_NUM_THREADS": "1"}
    first, second = (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True) for _ in range(2)
    )
    assert first.stderr.count(f"compiling engine {engine} for this machine") == 1
    assert "compiling" not in second.stderr
    assert "compiling" not in first.stdout
