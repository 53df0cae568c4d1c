"""The number of cores that this process may use: its CPU affinity, and the CPU quota of its control groups.

A container with a quota (``docker run --cpus 2``, a limit in Kubernetes) sees all cores of its machine. With a thread
on each of them it soon exhausts its quota, and then all of its threads are throttled until the next period begins.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_CACHE_SECONDS = 1.0
"""How long a quota that was read is reused. It may change at any time, but it is needed hundreds of times per second,
and reading it takes 0.1 ms."""


def available_cores() -> int:
    """Return the number of cores that this process may use, at least 1; a fraction of a core counts as one."""
    quota = _quota_cache.value()
    return allowed_cores() if quota is None else max(1, min(allowed_cores(), math.ceil(quota)))


def allowed_cores() -> int:
    """Return the number of cores that this process may run on, whatever share of their time it gets."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Return the CPU seconds per second that the control groups allow this process, None without a limit.

    The limits of all ancestor groups apply, too. root: the root of the file system, for tests.
    """
    limits = [limit for folder in _folders(root) if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


class _QuotaCache:
    def __init__(self) -> None:
        self._value: float | None = None
        self._read_at = -math.inf

    def value(self) -> float | None:
        if time.monotonic() - self._read_at > _CACHE_SECONDS:
            self._value, self._read_at = cpu_quota(), time.monotonic()
        return self._value


_quota_cache = _QuotaCache()


class _Mount(NamedTuple):
    """A mount of a hierarchy of control groups."""

    group: PurePosixPath
    """The control group that is visible at the mount point."""
    point: str
    """The mount point."""


def _folders(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups that may hold CPU limits, and of their visible ancestors.

    Version 2 has one hierarchy; in version 1 the controller ``cpu`` has its own. A machine may have both.
    """
    unified, cpu = _mounts(root)
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        mount = cpu if "cpu" in controllers.split(",") else None if controllers else unified
        if mount is None or not path.startswith("/"):
            continue
        group = PurePosixPath(path)
        # In a container the mount may show the container's group as the root, while the path is that of the host.
        relative = group.relative_to(mount.group) if group.is_relative_to(mount.group) else PurePosixPath()
        top = root / mount.point.lstrip("/")
        if ".." in relative.parts:
            relative = PurePosixPath()
        yield from (top / folder for folder in (relative, *relative.parents))


def _mounts(root: Path) -> tuple[_Mount | None, _Mount | None]:
    """Return the mounts of version 2 and of the controller ``cpu`` of version 1, None where there is none."""
    unified = cpu = None
    for line in _lines(root / "proc/self/mountinfo"):
        first, _, second = line.partition(" - ")
        mount_fields, type_fields = first.split(" "), second.split(" ")
        if len(mount_fields) < 5 or len(type_fields) < 3:
            continue
        mount = _Mount(PurePosixPath(_unescape(mount_fields[3])), _unescape(mount_fields[4]))
        if type_fields[0] == "cgroup2":
            unified = unified or mount
        elif type_fields[0] == "cgroup" and "cpu" in type_fields[2].split(","):
            cpu = cpu or mount
    return unified, cpu


def _limit(folder: Path) -> float | None:
    # Version 2 has one file, version 1 two; without a limit the quota is "max" or -1.
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


def _unescape(path: str) -> str:
    """Return a path from mountinfo, in which a space is written as a backslash and three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
