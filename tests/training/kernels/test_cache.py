"""Tests of Numba's cache on disk: whatever is wrong, functions are compiled and one warning is logged."""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sfumato
from sfumato.log import log_to
from sfumato.training.kernels import cache

SOURCE = "def twice(x):\n    return 2 * x\n"


@pytest.fixture(autouse=True)
def _nothing_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_warned", False)
    # Python takes two sources of the same length and second for the same file.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture
def readable_by_all() -> Iterator[Path]:
    """Yield a folder that every user may read; pytest makes its own folders private when another pytest starts."""
    with tempfile.TemporaryDirectory(prefix="sfumato-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def kernel(folder: Path, source: str = SOURCE) -> Any:
    """Return the function in a file of this folder, as a new process would import it."""
    from sfumato.training.kernels.jit import kernel

    folder.mkdir(exist_ok=True)
    path = folder / "made.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("made", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return kernel()(module.twice)


def cached_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.nbc*"))


def is_loaded(function: Any) -> bool:
    """Return whether a call loads the function from disk."""
    assert function(21) in (42, 63)
    return sum(function.stats.cache_hits.values()) > 0


def test_a_compiled_function_is_loaded_the_next_time(tmp_path: Path) -> None:
    logged: list[str] = []
    with log_to(logged.append):
        assert not is_loaded(kernel(tmp_path))
        assert is_loaded(kernel(tmp_path))
    assert len(cached_files(tmp_path)) == 1
    assert logged == []


@pytest.mark.slow
def test_changed_source_replaces_the_cached_code(tmp_path: Path) -> None:
    assert not is_loaded(kernel(tmp_path))
    changed = kernel(tmp_path, SOURCE.replace("2 * x", "3 * x"))
    assert not is_loaded(changed)
    assert changed(21) == 63
    assert len(cached_files(tmp_path)) == 1


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda data: data[: len(data) // 2],
    "cut in the checksum": lambda data: data[:7],
    "zeros": lambda data: bytes(len(data)),
    "one bit": lambda data: data[:-900] + bytes([data[-900] ^ 1]) + data[-899:],
    "something else": lambda _: b"\x80\x04K\x01.",
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_replaced(tmp_path: Path, damage: str) -> None:
    kernel(tmp_path)(21)
    (path,) = cached_files(tmp_path)
    path.write_bytes(DAMAGED[damage](path.read_bytes()))
    assert not is_loaded(kernel(tmp_path))
    assert is_loaded(kernel(tmp_path))


@pytest.mark.slow
def test_an_unreadable_file_is_replaced(tmp_path: Path) -> None:
    kernel(tmp_path)(21)
    (path,) = cached_files(tmp_path)
    path.unlink()
    path.mkdir()
    logged: list[str] = []
    with log_to(logged.append):
        assert not is_loaded(kernel(tmp_path))
    assert len(logged) == 1
    assert "is a directory" in logged[0]


def test_a_full_disk_is_logged_once_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    function = kernel(tmp_path)
    logged: list[str] = []
    with log_to(logged.append):
        assert not is_loaded(function)
        assert function(1.5) == 3
    (line,) = logged
    assert "no space left on device" in line
    assert "NUMBA_CACHE_DIR" in line
    assert cached_files(tmp_path) == []


PROGRAM = """
import logging, os, sys, tempfile
paths, *folders = sys.argv[1:]
sys.path[:0] = paths.split(os.pathsep)
from numba import njit
from sfumato.training.kernels.jit import kernel
# Import all that compiling needs: other users may be unable to read Python's own files.
njit(lambda x: 2 * x)(1.5)
logging.basicConfig(format="%(message)s", stream=sys.stdout)
# Each in a separate process that has compiled none of these functions.
for package, workdir in zip(folders[::2], folders[1::2]):
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0
        continue
    if os.getuid() == 0:
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
    os.chdir(workdir)
    tempfile.tempdir = workdir
    sys.path.insert(0, package)
    import made
    function = kernel()(made.twice)
    print(function(21), function(1.5), sum(function.stats.cache_hits.values()), end="\\n\\n")
    break
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no user ids")
def test_a_user_without_writable_folders(readable_by_all: Path) -> None:
    """Run as in a container that is started with any user's id: neither the package nor a home is writable."""
    home = readable_by_all / "home"
    home.mkdir(mode=0o555)
    folders: list[Path] = []
    for name, mode in (("temporary", 0o777), ("nowhere", 0o555)):
        package, workdir = readable_by_all / f"package {name}", readable_by_all / name
        package.mkdir()
        (package / "made.py").write_text(SOURCE)
        package.chmod(0o555)
        workdir.mkdir()
        workdir.chmod(mode)
        folders += [package, workdir, package, workdir]
    paths = os.pathsep.join([str(Path(sfumato.__file__).parents[1]), *sys.path[1:]])
    # Newer Pythons warn about forks of a process with several threads, which NumPy starts.
    command = [sys.executable, "-S", "-B", "-W", "ignore::DeprecationWarning", "-c", PROGRAM, paths, *map(str, folders)]
    process = subprocess.run(command, env={"HOME": str(home), "PATH": ""}, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    first, second, third, fourth = (each.splitlines() for each in process.stdout.removesuffix("\n\n").split("\n\n"))
    for lines in (first, third, fourth):
        assert len(lines) == 2
        assert "NUMBA_CACHE_DIR" in lines[0]
        assert lines[1] == "42 3.0 0"
    assert str(readable_by_all / "temporary") in first[0]
    assert second == ["42 3.0 2"]
    assert fourth == third
    for package in folders[::2]:
        assert list(package.iterdir()) == [package / "made.py"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no user ids")
def test_a_temporary_folder_of_another_user_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cache._Result, "_locator_classes", [cache._Temporary])
    private = tmp_path / f"sfumato-{os.getuid()}"
    private.mkdir(mode=0o700)
    private.chmod(0o777)
    logged: list[str] = []
    with log_to(logged.append):
        assert not is_loaded(kernel(tmp_path / "package"))
    assert cached_files(private) == []
    assert "no folder for it is writable" in logged[0]


def test_two_processes_may_compile_at_the_same_time(tmp_path: Path) -> None:
    first, second = kernel(tmp_path), kernel(tmp_path)
    assert not is_loaded(first)
    assert second(1.5) == 3
    assert len(cached_files(tmp_path)) == 2
    third = kernel(tmp_path)
    assert is_loaded(third)
    assert third(1.5) == 3
    assert sum(third.stats.cache_hits.values()) == 2
