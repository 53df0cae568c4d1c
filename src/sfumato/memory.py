"""The memory that this process may still allocate: what the machine has available, and what its limits leave."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SHARE = 0.8
"""Fraction of the available memory that one task may take; the rest is left to other processes."""

_MEMINFO = Path("/proc/meminfo")
_CGROUPS = Path("/proc/self/cgroup")
_CGROUP_ROOT = Path("/sys/fs/cgroup")

_VERSION_1_FILES = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def task_limit() -> int | None:
    """Return the bytes that one task may take, `SHARE` of `available`; None if they are unknown."""
    free = available()
    return None if free is None else int(SHARE * free)


def available() -> int | None:
    """Return the bytes available without swapping and within every limit of this process; None if they are unknown."""
    limits = [each for each in (_machine(), _container(), _shell()) if each is not None]
    return max(min(limits), 0) if limits else None


def text(number: float) -> str:
    """Format a number of bytes: ``1.2 GB``."""
    *smaller, largest = ("bytes", "kB", "MB", "GB", "TB")
    for unit in smaller:
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} {largest}"


@contextmanager
def bounded(limit: int | None) -> Iterator[None]:
    """Make allocations fail in the block beyond ``limit`` bytes more than the process has now; None: no limit.

    Does nothing on systems other than Linux.
    """
    if limit is None or not sys.platform.startswith("linux"):
        yield
        return
    import resource

    previous = resource.getrlimit(resource.RLIMIT_DATA)
    new_limit = _status("VmData") + limit
    if previous[1] != resource.RLIM_INFINITY:
        new_limit = min(new_limit, previous[1])
    resource.setrlimit(resource.RLIMIT_DATA, (new_limit, previous[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, previous)


def _machine() -> int | None:
    if (lines := _lines(_MEMINFO)) is not None:
        for line in lines:
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024
    with suppress(ValueError, OSError, AttributeError):
        # All physical memory: an upper bound of the available memory, which other systems report in other ways.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _container() -> int | None:
    """Return the smallest remainder that the memory limits of this process's control groups leave; None without any."""
    remainders: list[int] = []
    for line in _lines(_CGROUPS) or ():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        version_2 = controllers == ""
        if not version_2 and "memory" not in controllers.split(","):
            continue
        root = _CGROUP_ROOT if version_2 else _CGROUP_ROOT / "memory"
        names = ("memory.max", "memory.current", "inactive_file") if version_2 else _VERSION_1_FILES
        # In a container the path may be that of the host: the root then has the container's limit.
        group = root / path.lstrip("/")
        groups = [group, *group.parents]
        visible_groups = groups[: groups.index(root) + 1] if root in groups else [root]
        group_remainders = [_remainder(each, *names) for each in visible_groups]
        remainders += [remainder for remainder in group_remainders if remainder is not None]
    return min(remainders, default=None)


def _remainder(group: Path, limit: str, usage: str, cache: str) -> int | None:
    max_bytes, used = _number(group / limit), _number(group / usage)
    if max_bytes is None or used is None:
        return None
    # The inactive file cache is evicted before an allocation fails.
    lines = [line.split() for line in _lines(group / "memory.stat") or ()]
    return max_bytes - used + next((int(line[1]) for line in lines if line[:1] == [cache] and len(line) == 2), 0)


def _shell() -> int | None:
    """Return the bytes that ``ulimit -v`` leaves; None without a limit."""
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit - _status("VmSize")


def _status(name: str) -> int:
    """Return the bytes of a line of /proc/self/status; 0 if there is no such line."""
    for line in _lines(Path("/proc/self/status")) or ():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].strip().isdecimal() else None


def _lines(path: Path) -> list[str] | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
