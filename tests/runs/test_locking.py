"""The lock of a folder: whoever asks whether it is held keeps nobody from acquiring it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import Timeout

from sfumato.errors import RunError
from sfumato.runs import layout, requests
from sfumato.runs.locking import FolderLock
from tests.patience import PATIENCE

CODE = """
import sys
from pathlib import Path
from sfumato.runs.locking import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_lock_of_another_process_is_held_until_it_ends(tmp_path: Path) -> None:
    assert not requests.is_live(tmp_path)
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert requests.is_live(tmp_path)
        with pytest.raises(Timeout):
            FolderLock(tmp_path).acquire()
        holder.kill()
        holder.wait()
        assert not requests.is_live(tmp_path)
        FolderLock(tmp_path).acquire()


@pytest.mark.slow
def test_asking_keeps_nobody_from_acquiring_and_finds_nobody_else_asking(tmp_path: Path) -> None:
    (tmp_path / layout.LOCK).touch()
    ended = threading.Event()

    def ask() -> list[bool]:
        answers: list[bool] = []
        while not ended.is_set() and len(answers) < 1000:
            answers.append(requests.is_live(tmp_path))
        return answers

    with ThreadPoolExecutor(3) as pool:
        alone = [pool.submit(ask) for _ in range(3)]
        answers = [future.result() for future in alone]
        assert [len(each) for each in answers] == [1000] * 3
        assert not any(map(any, answers))
        asking = [pool.submit(ask) for _ in range(3)]
        try:
            for _ in range(100):
                lock = FolderLock(tmp_path)
                lock.acquire(timeout=PATIENCE)
                lock.release()
        finally:
            ended.set()
        for future in asking:
            future.result()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")
def test_a_lock_that_is_no_file_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / layout.LOCK)
    with pytest.raises(RunError, match="cannot write .*lock: not a regular file"):
        requests.is_live(tmp_path)
