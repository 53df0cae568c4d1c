"""Numba's cache on disk: whatever is wrong with it, functions are compiled and one line is said."""

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
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_told", False)
    # Python takes source of the same second and length for the same.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user may look into: pytest closes its own whenever another pytest begins."""
    with tempfile.TemporaryDirectory(prefix="sfumato-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def kernel(folder: Path, source: str = SOURCE) -> Any:
    """The function in a file of this folder, as a process that begins now would have it."""
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


def kept(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.nbc*"))


def loaded(function: Any) -> bool:
    """Whether a call has it from the disk."""
    assert function(21) in (42, 63)
    return sum(function.stats.cache_hits.values()) > 0


def test_what_is_compiled_is_loaded_by_the_next(tmp_path: Path) -> None:
    said: list[str] = []
    with log_to(said.append):
        assert not loaded(kernel(tmp_path))
        assert loaded(kernel(tmp_path))
    assert len(kept(tmp_path)) == 1
    assert said == []


def test_other_source_takes_the_place_of_what_was_kept(tmp_path: Path) -> None:
    assert not loaded(kernel(tmp_path))
    changed = kernel(tmp_path, SOURCE.replace("2 * x", "3 * x"))
    assert not loaded(changed)
    assert changed(21) == 63
    assert len(kept(tmp_path)) == 1


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "cut in the checksum": lambda whole: whole[:7],
    "zeros": lambda whole: bytes(len(whole)),
    "one bit": lambda whole: whole[:-900] + bytes([whole[-900] ^ 1]) + whole[-899:],
    "something else": lambda _: b"\x80\x04K\x01.",
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_compiled_anew(tmp_path: Path, damage: str) -> None:
    kernel(tmp_path)(21)
    (path,) = kept(tmp_path)
    path.write_bytes(DAMAGED[damage](path.read_bytes()))
    assert not loaded(kernel(tmp_path))
    assert loaded(kernel(tmp_path))


def test_a_file_that_cannot_be_read_is_compiled_anew(tmp_path: Path) -> None:
    kernel(tmp_path)(21)
    (path,) = kept(tmp_path)
    path.unlink()
    path.mkdir()
    said: list[str] = []
    with log_to(said.append):
        assert not loaded(kernel(tmp_path))
    assert len(said) == 1
    assert "is a directory" in said[0]


def test_a_full_disk_is_told_once_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    function = kernel(tmp_path)
    said: list[str] = []
    with log_to(said.append):
        assert not loaded(function)
        assert function(1.5) == 3
    (line,) = said
    assert "no space left on device" in line
    assert "NUMBA_CACHE_DIR" in line
    assert kept(tmp_path) == []


PROGRAM = """
import logging, os, sys, tempfile
paths, *places = sys.argv[1:]
sys.path[:0] = paths.split(os.pathsep)
from numba import njit
from sfumato.training.kernels.jit import kernel
# All that compiling brings is loaded: Python itself may lie where nobody else can read.
njit(lambda x: 2 * x)(1.5)
logging.basicConfig(format="%(message)s", stream=sys.stdout)
# Each in a process of its own that has compiled nothing of ours.
for package, room in zip(places[::2], places[1::2]):
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0
        continue
    if os.getuid() == 0:
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
    os.chdir(room)
    tempfile.tempdir = room
    sys.path.insert(0, package)
    import made
    function = kernel()(made.twice)
    print(function(21), function(1.5), sum(function.stats.cache_hits.values()), end="\\n\\n")
    break
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no ids of users")
def test_a_user_who_may_write_nowhere(open_to_all: Path) -> None:
    """As in a container that is started with any user's id: neither the package nor a home can be written."""
    home = open_to_all / "home"
    home.mkdir(mode=0o555)
    places: list[Path] = []
    for name, mode in (("temporary", 0o777), ("nowhere", 0o555)):
        package, room = open_to_all / f"package {name}", open_to_all / name
        package.mkdir()
        (package / "made.py").write_text(SOURCE)
        package.chmod(0o555)
        room.mkdir()
        room.chmod(mode)
        places += [package, room, package, room]
    paths = os.pathsep.join([str(Path(sfumato.__file__).parents[1]), *sys.path[1:]])
    # Of newer Pythons: a process of several threads, as NumPy starts them, had better not be forked.
    command = [sys.executable, "-S", "-B", "-W", "ignore::DeprecationWarning", "-c", PROGRAM, paths, *map(str, places)]
    done = subprocess.run(command, env={"HOME": str(home), "PATH": ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first, second, third, fourth = (each.splitlines() for each in done.stdout.removesuffix("\n\n").split("\n\n"))
    for lines in (first, third, fourth):
        assert len(lines) == 2
        assert "NUMBA_CACHE_DIR" in lines[0]
        assert lines[1] == "42 3.0 0"
    assert str(open_to_all / "temporary") in first[0]
    assert second == ["42 3.0 2"]
    assert fourth == third
    for package in places[::2]:
        assert list(package.iterdir()) == [package / "made.py"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no ids of users")
def test_a_temporary_folder_of_someone_else_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cache._Result, "_locator_classes", [cache._Temporary])
    own = tmp_path / f"sfumato-{os.getuid()}"
    own.mkdir(mode=0o700)
    own.chmod(0o777)
    said: list[str] = []
    with log_to(said.append):
        assert not loaded(kernel(tmp_path / "package"))
    assert kept(own) == []
    assert "no folder for it can be written" in said[0]


def test_two_processes_may_compile_at_once(tmp_path: Path) -> None:
    first, second = kernel(tmp_path), kernel(tmp_path)
    assert not loaded(first)
    assert second(1.5) == 3
    assert len(kept(tmp_path)) == 2
    third = kernel(tmp_path)
    assert loaded(third)
    assert third(1.5) == 3
    assert sum(third.stats.cache_hits.values()) == 2
