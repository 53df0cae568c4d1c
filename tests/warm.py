"""Compilation of the engines, once for all test processes: with an empty cache each takes up to half a minute.

The process that compiles an engine writes a note with digests of its networks, for the test that loaded code gives the
same bits as newly compiled code (tests/training/kernels/test_jit.py).
"""

from __future__ import annotations

import hashlib
from collections import deque
from pathlib import Path
from typing import Any

from filelock import FileLock

import sfumato

BATCH_OF_ONE = {"batch": 1, "optimizer": "sgd(lr=0.1, fan_in_scaling=true)", "schedule": "constant"}
UNIT = {"coordinates": {"range": "unit"}, "model": {"init": "gaussian"}}
ENGINES: dict[str, dict[str, Any]] = {
    "fused": {},
    "online": {"training": BATCH_OF_ONE},
    "replica": {"training": BATCH_OF_ONE, "coordinates": {"range": "unit"}},
}
KERNELS = {
    "fused": ("sfumato.training.engines.fused.kernel", "sfumato.training.engines.fused.optimizer_calls"),
    "online": ("sfumato.training.engines.online.kernel",),
    "replica": ("sfumato.training.engines.replica",),
}
"""The modules whose functions are compiled for an engine with any network, that of its kernel first."""
TRAINED: dict[str, list[dict[str, Any]]] = {
    "fused": [
        {"training": {"optimizer": each, "batch": 32}}
        for each in ("sgd(momentum=0.9)", "adam", "rmsprop", "muon", "foof")
    ],
    "online": [
        {"training": BATCH_OF_ONE, "model": {"activation": "sine(10)"}},
        {"training": BATCH_OF_ONE, "model": {"activation": "gaussian(1)"}},
    ],
    "replica": [{"training": BATCH_OF_ONE, **UNIT}],
}
"""Recipes that together use everything that an engine compiles."""


def cache(engine: str) -> Path:
    """Return the folder where Numba caches an engine's compiled code."""
    return Path(sfumato.__file__).parents[1].joinpath(*KERNELS[engine][0].split(".")[:-1]) / "__pycache__"


def kernels(engine: str, folder: Path) -> set[Path]:
    """Return Numba's cache files of an engine's `KERNELS`, anywhere in a folder."""
    names = [module.rpartition(".")[2] for module in KERNELS[engine]]
    return {file for name in names for file in folder.rglob(f"{name}.*.nbc")}


def digests(engine: str) -> list[str]:
    """Train every recipe of `TRAINED`; return digests of their weights and paintings."""
    import numpy as np

    import sfumato as sf

    picture = np.random.default_rng(1).random((12, 10, 3)).astype(np.float32)
    results: list[str] = []
    for changes in TRAINED[engine]:
        model = {"depth": 3, "width": 24, **changes.get("model", {})}
        arguments = {**changes, "model": model, "engine": engine, "threads": 1, "budget": {"epochs": 4}}
        *_, last = sf.train(picture, **arguments)
        digest = hashlib.sha256(b"".join(each.tobytes() for each in last.weights().values()))
        digest.update(last.painting().tobytes())
        results.append(digest.hexdigest())
    return results


def note(engine: str) -> Path:
    """Return the path of the note with an engine's digests, which changes with the source code."""
    package = Path(sfumato.__file__).parent
    sources = sorted(each for folder in ("training", "models", "recipe") for each in (package / folder).rglob("*.py"))
    source_digest = hashlib.sha256(b"".join(each.read_bytes() for each in [*sources, Path(__file__)])).hexdigest()
    return cache(engine) / f"{engine}-{source_digest[:16]}.compiled"


def warm(number: int) -> None:
    """Compile the engines, each process (by its ``number``) another one first; load those of the other processes."""
    engines = deque(ENGINES)
    engines.rotate(-number)
    for engine in engines:
        folder = cache(engine)
        folder.mkdir(exist_ok=True)
        with FileLock(folder / f"{engine}.compiling"):
            before = kernels(engine, folder)
            results = digests(engine)
            if kernels(engine, folder) - before:
                for old in folder.glob(f"{engine}-*.compiled"):
                    old.unlink()
                note(engine).write_text("\n".join(results))
