"""Tests that compiled code gives the same bits in the process that compiles it and in those that load it."""

from __future__ import annotations

import importlib.util
import json
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


def digests_of_process(engines: list[str], cache_folder: Path | None) -> dict[str, list[str]]:
    """Return the digests from a new process, with the compiled code in this folder, or in the cache of all tests."""
    program = f"import json; from tests.warm import digests; print(json.dumps({{e: digests(e) for e in {engines}}}))"
    # Another hash seed: results must not depend on the order of sets.
    environment = os.environ | {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "1"}
    environment |= {} if cache_folder is None else {"NUMBA_CACHE_DIR": str(cache_folder)}
    command = [sys.executable, "-c", program]
    process = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@pytest.mark.slow
def test_loaded_code_gives_the_bits_of_newly_compiled_code(tmp_path: Path) -> None:
    noted = [engine for engine in ENGINES if note(engine).exists()]
    # If the tests found everything compiled, there is no note.
    others = [engine for engine in ENGINES if engine not in noted]
    for engines, cache_folder in ((noted, None), (others, tmp_path)):
        if not engines:
            continue
        if cache_folder is None:
            compiled = {engine: note(engine).read_text().split() for engine in engines}
        else:
            compiled = digests_of_process(engines, cache_folder)
        found = {engine: kernels(engine, cache_folder or cache(engine)) for engine in engines}
        assert all(found.values())
        before = {each: each.stat().st_mtime_ns for files in found.values() for each in files}
        assert digests_of_process(engines, cache_folder) == compiled
        # No file has changed, so the code was loaded.
        assert {each: each.stat().st_mtime_ns for each in before} == before


LINUX_ONLY = re.compile(r"sched_getcpu|sched_[gs]etaffinity")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no code specific to them")
@pytest.mark.parametrize(
    ("platform", "symbols"),
    [("linux", {"sched_getcpu", "sched_getaffinity", "sched_setaffinity"}), ("darwin", set[str]())],
)
def test_other_systems_compile_no_symbol_of_linux(
    platform: str, symbols: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("barrier_elsewhere", barrier.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "platform", platform)
    spec.loader.exec_module(module)
    counts = module.counters(1)
    module.begin(counts)
    assert module.arrive_and_wait(counts.ctypes.data, 0, 1, 1)
    (compiled,) = module.arrive_and_wait.inspect_llvm().values()
    assert "sched_yield" in compiled
    assert set(LINUX_ONLY.findall(compiled)) == symbols


def test_compiled_code_checks_the_system_in_one_file() -> None:
    folder = Path(sfumato.__file__).parent / "training"
    checking = [file for file in folder.rglob("*.py") if re.search(r"sys\.platform|os\.name", file.read_text("utf-8"))]
    assert [file.name for file in checking if "numba" in file.read_text("utf-8")] == ["barrier.py"]
    assert [file.name for file in folder.rglob("*.py") if LINUX_ONLY.search(file.read_text("utf-8"))] == ["barrier.py"]


def test_only_inlined_functions_use_fast_math() -> None:
    package = Path(sfumato.__file__).parent
    files = [file for file in package.rglob("*.py") if file.name != "jit.py"]
    wrong = re.compile(r"(njit|cfunc|register_jitable|vectorize)\([^)]*(fastmath|cache)=")
    assert [str(file) for file in files if wrong.search(file.read_text(encoding="utf-8"))] == []
