"""Compiled code: the same bits in the process that compiles it and in those that load it, on every system."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sfumato
from sfumato.training.engines import barrier
from tests.warm import ENGINES, cache, kernels, note

ROOT = Path(__file__).parents[3]


def came_to(engine: str, place: Path | None) -> list[str]:
    """What a new process comes to, with what has been compiled in this folder, or with what all tests use."""
    program = f"from tests.warm import digests; print(*digests({engine!r}), sep='\\n')"
    # In another order: nothing may hang on that of sets.
    environment = os.environ | {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "1"}
    environment |= {} if place is None else {"NUMBA_CACHE_DIR": str(place)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_who_loads_it_comes_to_what_the_one_who_compiled_it_came_to(engine: str, tmp_path: Path) -> None:
    noted = note(engine)
    # Where the tests found everything compiled, nobody has noted anything.
    place = None if noted.exists() else tmp_path
    compiled = noted.read_text().split() if noted.exists() else came_to(engine, place)
    folder = cache(engine) if place is None else tmp_path
    before = {each: each.stat().st_mtime_ns for each in kernels(engine, folder)}
    assert before
    assert came_to(engine, place) == compiled
    # And it was loaded.
    assert {each: each.stat().st_mtime_ns for each in before} == before


LINUX_ALONE = re.compile(r"sched_getcpu|sched_[gs]etaffinity")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no code of their own")
@pytest.mark.parametrize(
    ("platform", "symbols"),
    [("linux", {"sched_getcpu", "sched_getaffinity", "sched_setaffinity"}), ("darwin", set[str]())],
)
def test_other_systems_compile_no_symbol_of_linux(
    platform: str, symbols: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("barrier_there", barrier.__file__)
    assert spec is not None
    assert spec.loader is not None
    there = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "platform", platform)
    spec.loader.exec_module(there)
    counts = there.counters(1)
    there.begin(counts)
    assert there.arrive_and_wait(counts.ctypes.data, 0, 1, 1)
    (compiled,) = there.arrive_and_wait.inspect_llvm().values()
    assert "sched_yield" in compiled
    assert set(LINUX_ALONE.findall(compiled)) == symbols


def test_compiled_code_asks_for_the_system_in_one_place() -> None:
    folder = Path(sfumato.__file__).parent / "training"
    asking = [file for file in folder.rglob("*.py") if re.search(r"sys\.platform|os\.name", file.read_text("utf-8"))]
    assert [file.name for file in asking if "numba" in file.read_text("utf-8")] == ["barrier.py"]
    assert [file.name for file in folder.rglob("*.py") if LINUX_ALONE.search(file.read_text("utf-8"))] == ["barrier.py"]


def test_fast_math_is_for_functions_that_are_inlined() -> None:
    package = Path(sfumato.__file__).parent
    files = [file for file in package.rglob("*.py") if file.name != "jit.py"]
    wrong = re.compile(r"(njit|cfunc|register_jitable|vectorize)\([^)]*(fastmath|cache)=")
    assert [str(file) for file in files if wrong.search(file.read_text(encoding="utf-8"))] == []
