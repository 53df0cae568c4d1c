"""The number of cores that a process may use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato import cores

UNIFIED = "24 23 0:22 {root} {at} rw,nosuid shared:4 - cgroup2 cgroup rw,nsdelegate\n"
CPU = "33 31 0:30 {root} {at} rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
OTHERS = (
    "22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "short line\n"
)


def machine(folder: Path, groups: str, mounts: str, files: dict[str, str]) -> Path:
    """Create the files of a system that describe control groups; return its root folder."""
    for name, text in {"proc/self/cgroup": groups, "proc/self/mountinfo": OTHERS + mounts, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def v2(root: str = "/", at: str = "/sys/fs/cgroup") -> str:
    return UNIFIED.format(root=root, at=at)


def v1(root: str = "/", at: str = "/sys/fs/cgroup/cpu,cpuacct") -> str:
    return CPU.format(root=root, at=at)


CASES: dict[str, tuple[str, str, dict[str, str], float | None]] = {
    "v2, the container's group": ("0::/\n", v2(), {"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
    "v2, no limit": ("0::/\n", v2(), {"sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
    "v2, no controller": ("0::/\n", v2(), {}, None),
    "v2, an ancestor's": (
        "0::/user.slice/job/step\n",
        v2(),
        {
            "sys/fs/cgroup/user.slice/job/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/user.slice/job/step/cpu.max": "400000 100000\n",
        },
        0.5,
    ),
    "v2, mounted at the container's group": (
        "0::/docker/ab/work\n",
        v2(root="/docker/ab"),
        {"sys/fs/cgroup/work/cpu.max": "200000 100000\n"},
        2.0,
    ),
    "v2, a path of the host": ("0::/../../pods/x\n", v2(), {"sys/fs/cgroup/cpu.max": "100000 50000\n"}, 2.0),
    "v2, a space in the path": ("0::/\n", v2(at="/sys/fs/c\\040group"), {"sys/fs/c group/cpu.max": "7 1\n"}, 7.0),
    "v1": (
        "4:memory:/x\n3:cpuset:/\n2:cpu,cpuacct:/job\n",
        v1(),
        {
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "250000\n",
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        },
        2.5,
    ),
    "v1, no limit": (
        "2:cpu,cpuacct:/\n",
        v1(),
        {
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        None,
    ),
    "v1, a container with the path of the host": (
        "2:cpu,cpuacct:/docker/ab\n",
        v1(root="/docker/ab"),
        {
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        3.0,
    ),
    "both, the limit in v1": (
        "1:cpu,cpuacct:/\n0::/\n",
        v2(at="/sys/fs/cgroup/unified") + v1(),
        {
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/unified/cpu.max": "max 100000\n",
        },
        1.0,
    ),
    "malformed": ("\n::\n0::\nx\n", v2(), {"sys/fs/cgroup/cpu.max": "a lot\n"}, None),
    "a period of 0": ("0::/\n", v2(), {"sys/fs/cgroup/cpu.max": "100000 0\n"}, None),
    "no control groups": ("", "", {}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_quota_of_control_groups(tmp_path: Path, case: str) -> None:
    groups, mounts, files, expected = CASES[case]
    assert cores.cpu_quota(machine(tmp_path, groups, mounts, files)) == expected


def test_a_system_without_control_groups_has_no_quota(tmp_path: Path) -> None:
    assert cores.cpu_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("quota", "allowed", "expected"), [(None, 8, 8), (2.0, 8, 2), (1.5, 8, 2), (0.1, 8, 1), (16.0, 8, 8), (1.0, 1, 1)]
)
def test_affinity_and_quota_both_limit_the_cores(
    monkeypatch: pytest.MonkeyPatch, quota: float | None, allowed: int, expected: int
) -> None:
    monkeypatch.setattr(cores, "_quota_cache", cores._QuotaCache())
    monkeypatch.setattr(cores, "cpu_quota", lambda: quota)
    monkeypatch.setattr(cores, "allowed_cores", lambda: allowed)
    assert cores.available_cores() == expected


def test_a_changed_quota_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now, quotas = [0.0], iter([4.0, 2.0])
    monkeypatch.setattr(cores.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(cores, "_quota_cache", cores._QuotaCache())
    monkeypatch.setattr(cores, "cpu_quota", lambda: next(quotas))
    monkeypatch.setattr(cores, "allowed_cores", lambda: 8)
    assert [cores.available_cores(), cores.available_cores()] == [4, 4]
    now[0] = 2.0
    assert cores.available_cores() == 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_affinity_is_read_without_torch() -> None:
    program = (
        "import os, sys; from sfumato.cores import available_cores; assert 'torch' not in sys.modules; "
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(available_cores())"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "1\n"


def test_without_affinity_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cores.allowed_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores.allowed_cores() == 1
