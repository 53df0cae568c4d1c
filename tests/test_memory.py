"""The memory that a process may still allocate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sfumato import memory
from tests.patience import PATIENCE

MEMINFO = "MemTotal:       24105000 kB\nMemFree:         1000000 kB\nMemAvailable:    2000000 kB\n"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create the files of a system with 2 GB available memory and no container."""
    (tmp_path / "meminfo").write_text(MEMINFO)
    (tmp_path / "cgroup").mkdir()
    (tmp_path / "self").write_text("0::/\n")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "self")
    monkeypatch.setattr(memory, "_CGROUP_ROOT", tmp_path / "cgroup")
    return tmp_path


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_available_memory_of_the_machine(system: Path) -> None:
    assert memory.available() == 2_048_000_000
    assert memory.task_limit() == int(0.8 * 2_048_000_000)


@pytest.mark.parametrize("inside", ["", "system.slice/docker-1.scope"])
def test_the_limit_of_a_container_counts(system: Path, inside: str) -> None:
    (system / "self").write_text(f"0::/{inside}\n")
    stat = "anon 1\ninactive_file 100000000"
    group(system / "cgroup" / inside, memory__max="900000000", memory__current="500000000", memory__stat=stat)
    assert memory.available() == 500_000_000


def test_the_smallest_remainder_counts(system: Path) -> None:
    (system / "self").write_text("0::/a/b\n")
    group(system / "cgroup" / "a", memory__max="300000000", memory__current="100000000")
    group(system / "cgroup" / "a" / "b", memory__max="max", memory__current="50000000")
    assert memory.available() == 200_000_000


def test_version_1_of_control_groups(system: Path) -> None:
    (system / "self").write_text("5:cpu,cpuacct:/x\n4:memory:/docker/1\n")
    # In the container the folder of its group is the root.
    group(system / "cgroup" / "memory", memory__limit_in_bytes="700000000", memory__usage_in_bytes="100000000")
    assert memory.available() == 600_000_000


def test_an_exceeded_limit_leaves_nothing(system: Path) -> None:
    group(system / "cgroup", memory__max="100", memory__current="500")
    assert memory.available() == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_allocations_beyond_the_limit_fail() -> None:
    # In a separate process, because the limit applies to all threads.
    program = """
import numpy as np
from sfumato import memory
with memory.bounded(50_000_000):
    np.ones(2_000_000)
    try:
        np.ones(40_000_000)
    except MemoryError:
        print("refused")
np.ones(40_000_000)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "refused\n"
