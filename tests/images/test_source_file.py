"""Reading of regular files."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from sfumato.errors import PictureError
from sfumato.images import source
from tests.images.made_files import write


def error_line(path: Path) -> str:
    """Return the line of the error, which must be raised at once: a thread that waits for a pipe would never end."""
    lines: list[str] = []

    def attempt() -> None:
        try:
            source.read_file(path, "it")
        except PictureError as error:
            lines.append(str(error))

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive(), "the call blocks"
    assert lines, "no error was raised"
    return lines[0]


def test_a_file_is_read_completely(tmp_path: Path) -> None:
    data = bytes(range(256)) * 999
    assert source.read_file(write(tmp_path, "a", data), "a") == data


def test_other_kinds_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "which is a folder" in error_line(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "which is a pipe" in error_line(tmp_path / "pipe")
    assert "which is a device" in error_line(Path("/dev/zero"))
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert "which is a socket" in error_line(Path("socket"))


def test_a_file_that_is_replaced_by_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = write(tmp_path, "a", b"data").stat()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(Path, "stat", lambda self, **_: status)
    assert "which is a pipe" in error_line(tmp_path / "pipe")


def test_empty_and_too_big(tmp_path: Path) -> None:
    assert "empty (0 bytes)" in error_line(write(tmp_path, "a", b""))
    with (tmp_path / "big").open("wb") as big:
        big.truncate(200_000_001)
    line = error_line(tmp_path / "big")
    assert "at most 200,000,000 bytes" in line
    assert "200,000,001" in line


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 10)
    path = write(tmp_path, "a", b"x" * 11)
    small = os.stat_result([stat.S_IFREG, 0, 0, 1, 0, 0, 5, 0, 0, 0])
    monkeypatch.setattr(Path, "stat", lambda self, **_: small)
    monkeypatch.setattr(os, "fstat", lambda descriptor: small)
    assert "at most 10 bytes" in error_line(path)


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a", b"data")

    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    line = error_line(path)
    assert "may not read" in line
    assert "chmod u+r" in line


def test_invalid_names(tmp_path: Path) -> None:
    assert "null" in error_line(Path("a\0b"))
    assert "too long" in error_line(tmp_path / ("a" * 5000))
    assert "Not a directory" in error_line(write(tmp_path, "a", b"data") / "b")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "symbolic links" in error_line(tmp_path / "loop")


def test_a_missing_file_raises_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        source.read_file(tmp_path / "a", "a")
