"""Files are written whole, by any number of threads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sfumato.runs.files import write_bytes


def test_threads_that_write_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    path, contents = tmp_path / "request", [bytes([number]) * 1000 for number in range(8)]

    def write(data: bytes) -> None:
        for _ in range(50):
            write_bytes(path, data, synced=False)

    with ThreadPoolExecutor(len(contents)) as pool:
        # An error in a thread is raised here.
        list(pool.map(write, contents))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]
