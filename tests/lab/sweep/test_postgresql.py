"""A sweep whose database is a real PostgreSQL server, which this test starts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import sfumato as sf
from tests.lab.sweep.test_run import sweep
from tests.patience import PATIENCE

USER = "postgres"
"""The server refuses to run as root; Debian's package makes this user."""


def program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


def run(folder: Path, *command: str) -> None:
    user = ["runuser", "-u", USER, "--"] if os.getuid() == 0 else []
    subprocess.run([*user, *command], cwd=folder, check=True, capture_output=True, timeout=PATIENCE)


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """Start a server in a folder of its own, on the loopback, and yield the address of its database."""
    initdb, control = program("initdb"), program("pg_ctl")
    if initdb is None or control is None:
        if os.environ.get("SFUMATO_POSTGRESQL") == "required":
            pytest.fail("PostgreSQL is not installed, and SFUMATO_POSTGRESQL is required")
        pytest.skip("needs PostgreSQL: apt install postgresql")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="sfumato-test-") as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, USER)
        data = folder / "data"
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        run(folder, initdb, "-D", str(data), "-A", "trust", "-U", "tester", "--locale=C", "-E", "UTF8")
        run(folder, control, "-D", str(data), "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
        finally:
            run(folder, control, "-D", str(data), "-m", "immediate", "stop")


@pytest.mark.slow
def test_a_sweep_in_postgresql_is_continued(storage: str, tmp_path: Path) -> None:
    first = sweep(tmp_path / "s", storage=storage, trials=3)
    assert len(first.configurations) == 3
    assert not (tmp_path / "s" / "sweep.db").exists()
    found = sweep(tmp_path / "s", storage=storage, trials=6)
    assert len(found.configurations) == 6
    kept = {each.number: each for each in found.configurations}
    assert all(kept[each.number] == each for each in first.configurations)
    assert sf.load_sweep(tmp_path / "s").configurations == found.configurations
    # The numbers are those of the same sweep in a file.
    in_file = sweep(tmp_path / "other", trials=3, workers=1, seed=7)
    in_server = sweep(tmp_path / "again", trials=3, workers=1, seed=7, storage=storage)
    assert [each.psnr for each in in_server.configurations] == [each.psnr for each in in_file.configurations]
