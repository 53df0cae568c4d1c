"""How much memory this process may still take: what the machine has left, and what its container or shell allows."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SHARE = 0.8
"""Part of the available memory that one piece of work may take; the rest is for everything else that runs."""

_MEMINFO = Path("/proc/meminfo")
_CGROUPS = Path("/proc/self/cgroup")
_CGROUP_ROOT = Path("/sys/fs/cgroup")


def most() -> int | None:
    """Bytes that one piece of work may take: `SHARE` of `available`; None where that is not known."""
    found = available()
    return None if found is None else int(SHARE * found)


def available() -> int | None:
    """Bytes that are available without swapping and within every limit of this process; None where nothing tells."""
    found = [each for each in (_machine(), _container(), _shell()) if each is not None]
    return max(min(found), 0) if found else None


def text(number: float) -> str:
    """Bytes as people read them: ``1.2 GB``."""
    *smaller, largest = ("bytes", "kB", "MB", "GB", "TB")
    for unit in smaller:
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} {largest}"


@contextmanager
def bounded(limit: int | None) -> Iterator[None]:
    """Have allocations fail that take this process more than ``limit`` bytes beyond what it has; None: no limit.

    Where the system knows no such limit, nothing happens.
    """
    if limit is None or not sys.platform.startswith("linux"):
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _status("VmData") + limit
    if before[1] != resource.RLIM_INFINITY:
        wanted = min(wanted, before[1])
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _machine() -> int | None:
    if (lines := _lines(_MEMINFO)) is not None:
        for line in lines:
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024
    with suppress(ValueError, OSError, AttributeError):
        # Not what is free, which other systems tell in ways of their own; but no more than that can there be.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _container() -> int | None:
    """What the control groups of this process leave, the narrowest of them."""
    found: list[int] = []
    for line in _lines(_CGROUPS) or ():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        second = controllers == ""
        if not second and "memory" not in controllers.split(","):
            continue
        root = _CGROUP_ROOT if second else _CGROUP_ROOT / "memory"
        names = ("memory.max", "memory.current", "inactive_file") if second else _FIRST_VERSION
        # Within a container the path may be that of the machine outside: the root then has the container's own limit.
        group = root / path.lstrip("/")
        groups = [group, *group.parents]
        rooms = [_room(each, *names) for each in (groups[: groups.index(root) + 1] if root in groups else [root])]
        found += [room for room in rooms if room is not None]
    return min(found, default=None)


_FIRST_VERSION = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _room(group: Path, limit: str, usage: str, cache: str) -> int | None:
    most, used = _number(group / limit), _number(group / usage)
    if most is None or used is None:
        return None
    # Files that were read long ago are let go of before anything is refused.
    lines = [line.split() for line in _lines(group / "memory.stat") or ()]
    return most - used + next((int(line[1]) for line in lines if line[:1] == [cache] and len(line) == 2), 0)


def _shell() -> int | None:
    """What ``ulimit -v`` leaves."""
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit - _status("VmSize")


def _status(name: str) -> int:
    """Bytes, by a line of /proc/self/status; 0 where there is none."""
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
