"""The engines, compiled once for all processes that run tests: from an empty cache each takes up to half a minute."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

from filelock import FileLock

BATCH_OF_ONE = {"batch": 1, "optimizer": "sgd(lr=0.1, fan_in_scaling=true)", "schedule": "constant"}
ENGINES: dict[str, dict[str, Any]] = {
    "fused": {},
    "online": {"training": BATCH_OF_ONE},
    "replica": {"training": BATCH_OF_ONE, "coordinates": {"range": "unit"}},
}


def warm(number: int) -> None:
    """In the process of that number: compile one engine while the others compile others; load what those have made."""
    import sfumato as sf
    from sfumato.training.engines import fused_kernel
    from tests.small import SMALL, picture

    # Beside what is locked: Numba's cache.
    folder = Path(fused_kernel.__file__).parent / "__pycache__"
    folder.mkdir(exist_ok=True)
    engines = deque(ENGINES)
    engines.rotate(-number)
    for engine in engines:
        with FileLock(folder / f"{engine}.compiling"):
            changes = {**SMALL, **ENGINES[engine], "budget": {"steps": 1}, "engine": engine}
            for _ in sf.train(picture=picture(), **changes):
                pass
