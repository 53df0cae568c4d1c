"""How many cores this process may use: its CPU affinity, and the CPU time that a container's control group allows it.

A container with a limit (``docker run --cpus 2``, a limit in Kubernetes) sees all cores of its machine. With a thread
on each of them it uses up its time at once, and then all of its threads stand still until the next period begins.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_SECONDS_KEPT = 1.0
"""A quota may be changed at any time. This is asked hundreds of times per second, and reading it takes 0.1 ms."""


def available_cores() -> int:
    """Return the number of cores that this process may use, at least 1; a fraction of a core counts as one."""
    quota = _QUOTA.now()
    return allowed_cores() if quota is None else max(1, min(allowed_cores(), math.ceil(quota)))


def allowed_cores() -> int:
    """Return the number of cores that this process may run on, whatever share of their time it gets."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Return the CPU seconds per second that the control groups allow this process, None without a limit.

    The limit of every group above counts, too. ``root``: where the file system begins, for tests.
    """
    limits = [limit for folder in _folders(root) if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


class _Quota:
    def __init__(self) -> None:
        self._value: float | None = None
        self._read_at = -math.inf

    def now(self) -> float | None:
        if time.monotonic() - self._read_at > _SECONDS_KEPT:
            self._value, self._read_at = cpu_quota(), time.monotonic()
        return self._value


_QUOTA = _Quota()


class _Mount(NamedTuple):
    """A place where control groups can be read."""

    top: PurePosixPath
    """The group that is seen there."""
    at: str


def _folders(root: Path) -> Iterator[Path]:
    """The folders of this process's groups that may hold CPU limits, each with those above it as far as they are seen.

    Version 2 is one tree; in version 1 the controller ``cpu`` has a tree of its own. A machine may have both.
    """
    unified, cpu = _mounts(root)
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        mount = cpu if "cpu" in controllers.split(",") else None if controllers else unified
        if mount is None or not path.startswith("/"):
            continue
        group = PurePosixPath(path)
        # A container may see its own group as the top of the tree, though its path is told from outside.
        below = group.relative_to(mount.top) if group.is_relative_to(mount.top) else PurePosixPath()
        top = root / mount.at.lstrip("/")
        if ".." in below.parts:
            below = PurePosixPath()
        yield from (top / above for above in (below, *below.parents))


def _mounts(root: Path) -> tuple[_Mount | None, _Mount | None]:
    """Where version 2, and version 1's controller ``cpu``, are mounted."""
    unified = cpu = None
    for line in _lines(root / "proc/self/mountinfo"):
        first, _, second = line.partition(" - ")
        mounted, kind = first.split(" "), second.split(" ")
        if len(mounted) < 5 or len(kind) < 3:
            continue
        mount = _Mount(PurePosixPath(_unescaped(mounted[3])), _unescaped(mounted[4]))
        if kind[0] == "cgroup2":
            unified = unified or mount
        elif kind[0] == "cgroup" and "cpu" in kind[2].split(","):
            cpu = cpu or mount
    return unified, cpu


def _limit(folder: Path) -> float | None:
    # One file in version 2, two in version 1; without a limit the first says "max" or -1.
    words = _text(folder / "cpu.max").split() or [
        *_text(folder / "cpu.cfs_quota_us").split(),
        *_text(folder / "cpu.cfs_period_us").split(),
    ]
    try:
        quota, period = (int(word) for word in words)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _unescaped(path: str) -> str:
    """A path from mountinfo, where a space is written as a backslash and three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
