"""The hardware and the conditions of a measurement."""

from __future__ import annotations

import math
import os
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from llvmlite.binding import get_host_cpu_name

from sfumato.runs.provenance import provenance


def circumstances(*packages: str) -> dict[str, Any]:
    """Return plain data for a file of results: hardware, versions, commit, and other load on the machine."""
    made = provenance(threads=0)
    return {
        "hardware": {"cpu": f"{made['cpu']} ({get_host_cpu_name()})", "cores": os.cpu_count(), "caches": _caches()},
        "conditions": {
            "load_average_1_minute": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else math.nan,
            "real_time_priority": hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) == os.SCHED_FIFO,
        },
        "versions": {name: made[name] for name in ("python", "numba", "numpy", "torch")}
        | {name: found for name in packages if (found := _version(name)) is not None},
        "commit": _commit(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the checkout's commit, marked when files other than results, which each run writes, differ from it."""
    root = Path(__file__).resolve().parents[1]

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)

    try:
        head = git("rev-parse", "HEAD")
        if head.returncode != 0:
            return None
        same = git("diff", "--quiet", "HEAD", "--", ".", ":(exclude)benchmarks/results").returncode == 0
    except OSError:
        return None
    return head.stdout.strip() + ("" if same else "-dirty")


def _caches() -> dict[str, str]:
    """Return the sizes of a core's caches, where the system reports them."""
    found: dict[str, str] = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found
