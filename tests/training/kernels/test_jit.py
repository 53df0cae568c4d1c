"""Compiled code: the same bits in the process that compiles it and in those that load it, on every system."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sfumato

PROGRAM = """
import hashlib, sys, numpy, numba, torch
import sfumato as sf
platform, *engines = sys.argv[1:]
own, sys.platform = sys.platform, platform
from sfumato.training.engines import barrier
sys.platform = own

TRAINED = {
    "online": [{"model.activation": "sine(10)"}, {"model.activation": "gauss(1)"}],
    "fused": [
        {"training.optimizer": each, "training.batch": "32"}
        for each in ("sgd(momentum=0.9)", "adam", "rmsprop", "muon", "foof")
    ],
    "stacked": [{"training.batch": "32"}],
    "replica": [{}],
}
picture = numpy.random.default_rng(1).random((12, 10, 3)).astype(numpy.float32)
for engine in engines:
    for changes in TRAINED[engine]:
        nested = {}
        for name, value in changes.items():
            section, _, field = name.partition(".")
            nested.setdefault(section, {})[field] = value
        small = sf.preset("blog-2012" if engine in ("online", "replica") else "fast")
        nested["model"] = {"depth": 3, "width": 24} | nested.get("model", {})
        *_, last = sf.train(small, picture, engine=engine, threads=1, budget={"epochs": 4}, **nested)
        digest = hashlib.sha256(b"".join(each.tobytes() for each in last.weights().values()))
        digest.update(last.painting().tobytes())
        print(engine, changes, digest.hexdigest())
"""


def trained(cache: Path, platform: str, seed: int, *engines: str) -> str:
    """What every recipe of these engines came to."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PROGRAM, platform, *engines]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A cache that was empty, and what every recipe came to in the process that filled it."""
    cache = tmp_path_factory.mktemp("cold")
    return cache, trained(cache, sys.platform, 1, "online", "fused", "stacked", "replica")


@pytest.mark.slow
def test_cold_and_warm_are_one(cold: tuple[Path, str]) -> None:
    cache, first = cold
    kernels = {each.name: each.stat().st_mtime_ns for each in cache.rglob("*.nbc")}
    # In another order: nothing may hang on what else there is in the process.
    warm = trained(cache, sys.platform, 2, "replica", "stacked", "fused", "online")
    assert sorted(first.splitlines()) == sorted(warm.splitlines())
    assert {each.name: each.stat().st_mtime_ns for each in cache.rglob("*.nbc")} == kernels


LINUX_ALONE = re.compile(rb"sched_getcpu|sched_[gs]etaffinity")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no code of their own")
def test_other_systems_compile_no_symbol_of_linux(cold: tuple[Path, str], tmp_path: Path) -> None:
    def symbols(cache: Path) -> dict[str, set[bytes]]:
        return {each.name.split(".py")[0]: set(LINUX_ALONE.findall(each.read_bytes())) for each in cache.rglob("*.nbc")}

    cache, first = cold
    of_linux = {kernel: names for kernel, names in symbols(cache).items() if names}
    assert {kernel.split(".")[0] for kernel in of_linux} == {"online_kernel", "fused_kernel"}
    assert set.union(*of_linux.values()) == {b"sched_getcpu", b"sched_getaffinity", b"sched_setaffinity"}
    # The others are the same code on every system.
    elsewhere = trained(tmp_path, "darwin", 1, "online", "fused")
    assert set(elsewhere.splitlines()) <= set(first.splitlines())
    compiled = symbols(tmp_path)
    assert compiled.keys() >= of_linux.keys()
    assert set.union(*compiled.values()) == set()


def test_fast_math_is_for_functions_that_are_inlined() -> None:
    package = Path(sfumato.__file__).parent
    files = [file for file in package.rglob("*.py") if file.name != "jit.py"]
    wrong = re.compile(r"(njit|cfunc|register_jitable|vectorize)\([^)]*(fastmath|cache)=")
    assert [str(file) for file in files if wrong.search(file.read_text(encoding="utf-8"))] == []
