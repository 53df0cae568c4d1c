"""Malicious sweeps: one plain line, in bounded time and memory, and nothing is written, waited for, or connected to."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sfumato.studio.sweeps import database, listing
from tests.studio import irregular
from tests.studio.sweeps import made
from tests.studio.sweeps.made import Configuration

MAX_SECONDS = 20.0


def problem(studio: TestClient) -> str:
    """Request all routes, and return the line of the page; fail on anything but one line."""
    began = time.process_time()
    for path in ("/configurations?numbers=0", "/paintings/0.png"):
        answer = studio.get(f"/api/sweeps/one{path}")
        assert answer.status_code in (200, 404, 409)
        assert answer.headers["content-type"] == "image/png" or "\n" not in answer.text
    listed = studio.get("/api/sweeps")
    assert listed.status_code == 200
    assert len(listed.content) < 10_000
    answer = studio.get("/api/sweeps/one")
    assert answer.status_code in (404, 409), answer.text[:300]
    text = answer.json()["problem"]
    assert "\n" not in text
    assert len(text) < 400
    assert "Traceback" not in text
    assert time.process_time() - began < MAX_SECONDS
    return text


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of everything in a folder."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in [folder, *sorted(folder.rglob("*"))]
    }


def test_looking_writes_nothing(studio: TestClient, folder: Path) -> None:
    before = files(folder)
    assert studio.get("/api/sweeps/one").status_code == 200
    assert studio.get("/api/sweeps").status_code == 200
    assert studio.get("/api/sweeps/one/configurations?numbers=0,1").status_code == 200
    assert files(folder) == before


def test_a_database_elsewhere_is_not_connected_to(
    studio: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.sweep(tmp_path / "sweeps" / "one", [], storage="postgresql://user@192.0.2.1/secret")
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: connected.append(address))
    monkeypatch.setattr(database.sqlite3, "connect", lambda *_, **__: connected.append("sqlite"))
    text = problem(studio)
    assert "elsewhere (--storage)" in text
    assert "192.0.2.1" not in text
    assert "elsewhere" in studio.get("/api/sweeps").json()["sweeps"][0]["problem"]
    assert connected == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "it is empty"),
        (b"no database" * 100, "not one of SQLite"),
        (b"SQLite format 3\0" + bytes(2) + b"\2\2", "rollback journal"),
        (b"SQLite format 3\0\x10\0\1\1" + b"\xff" * 4096, "cannot be shown"),
    ],
)
def test_what_is_no_database(studio: TestClient, folder: Path, content: bytes, line: str) -> None:
    (folder / "sweep.db").write_bytes(content)
    assert line in problem(studio)


@pytest.mark.parametrize("name", ["sweep.db", "sweep.db-journal", "sweep.db-wal", "sweep.json", "lock", "paintings"])
@pytest.mark.slow
@pytest.mark.parametrize("what", ["large", "pipe", "folder", "link", "device"])
def test_a_file_that_is_not_regular(
    studio: TestClient, folder: Path, tmp_path: Path, name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / name
    if what == "link":
        path.unlink(missing_ok=True)
        other = made.sweep(tmp_path / "elsewhere" / "two", [Configuration(33.0)])
        path.symlink_to(other / name if (other / name).exists() else other)
    else:
        irregular.replace(path, what)
    if name in ("lock", "paintings") or (name, what) == ("sweep.db-journal", "large"):
        # They are not needed, and a journal without a header is that of no change.
        answer = studio.get("/api/sweeps/one")
        assert answer.status_code == 200
        assert answer.json()["live"] is False
        assert studio.get("/api/sweeps/one/paintings/0.png").status_code == 404
    elif name == "sweep.json" and what != "large":
        # It is no sweep.
        assert studio.get("/api/sweeps").json()["sweeps"] == []
        assert studio.get("/api/sweeps/one").status_code == 404
    else:
        assert name.partition("-")[0] in problem(studio)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE version_info SET schema_version = 13",
        "UPDATE version_info SET schema_version = 'x\ny'",
        "DELETE FROM version_info",
        "DELETE FROM studies",
        "INSERT INTO studies VALUES (2, 'b')",
        "DROP TABLE trial_values",
    ],
)
def test_other_tables(studio: TestClient, folder: Path, statement: str) -> None:
    made.changed(folder, statement)
    assert "sweep.db cannot be shown: it must have" in problem(studio)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i, 1, 'COMPLETE', 0, 0 FROM n"


@pytest.mark.parametrize(
    "statements",
    [
        ("DROP TABLE trials", f"CREATE VIEW trials (trial_id, number, study_id, state, a, b) AS {ENDLESS}"),
        ("DROP TABLE trials", "CREATE VIRTUAL TABLE trials USING fts5(trial_id, number, study_id, state)"),
        (
            "DROP TABLE trials",
            "CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, number, study_id, "
            "state GENERATED ALWAYS AS (hex(zeroblob(900000))))",
        ),
    ],
    ids=["endless view", "virtual table", "generated column"],
)
def test_what_computes_in_place_of_a_table(studio: TestClient, folder: Path, statements: tuple[str, ...]) -> None:
    made.changed(folder, *statements)
    assert "it must have Optuna's table trials" in problem(studio)


@pytest.mark.slow
def test_a_query_that_takes_long_is_ended(studio: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(folder / "sweep.db")) as connection:
        connection.executemany(
            "INSERT INTO trials (number, study_id, state) VALUES (?, 1, 'COMPLETE')",
            ((each,) for each in range(100_000)),
        )
        connection.commit()
    monkeypatch.setattr(database, "MAX_SECONDS", 0.0)
    monkeypatch.setattr(listing, "MAX_LINE_SECONDS", 0.0)
    assert "it takes more than 0 s to read" in problem(studio)


@pytest.mark.slow
def test_long_and_deep_values_are_cut(studio: TestClient, folder: Path) -> None:
    deep = "[" * 900_000
    made.changed(
        folder,
        f"UPDATE trial_user_attributes SET value_json = '{deep}' WHERE \"key\" = 'psnr'",
        f"UPDATE trial_params SET distribution_json = '{deep}'",
        f"UPDATE trial_user_attributes SET value_json = '\"{'x' * 900_000}\"' WHERE \"key\" = 'reason'",
        f"INSERT INTO trial_user_attributes (trial_id, \"key\", value_json) VALUES (1, 'recipe', '{deep}')",
    )
    answer = studio.get("/api/sweeps/one")
    assert answer.status_code == 200
    assert len(answer.content) < 3000
    assert len(studio.get("/api/sweeps/one/configurations?numbers=0").content) < 3000
    made.changed(folder, f"UPDATE trials SET state = '{deep * 2}'")
    assert "too big" in problem(studio)


def test_a_hot_journal_is_not_played_back(studio: TestClient, folder: Path) -> None:
    # A process that is killed within a commit leaves its journal.
    killed = "import os, sqlite3, sys\n"
    killed += "c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA cache_size = 1')\n"
    killed += "c.execute('CREATE TABLE big (x)'); c.executemany('INSERT INTO big VALUES (?)', [('x' * 3000,)] * 500)\n"
    killed += "c.execute('UPDATE trial_values SET value = 99'); os._exit(1)"
    subprocess.run([sys.executable, "-c", killed, str(folder / "sweep.db")], check=False)
    assert (folder / "sweep.db-journal").stat().st_size > 0
    before = files(folder)
    assert "was being written when its process was killed" in problem(studio)
    assert files(folder) == before


def test_a_database_that_is_locked_is_read_later(
    studio: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    # What is not read again for long is not what another process held for a moment.
    monkeypatch.setattr(listing, "REST", 1e9)
    with closing(sqlite3.connect(folder / "sweep.db", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        answer = studio.get("/api/sweeps/one")
        assert answer.status_code == 503
        assert "tries again" in answer.json()["problem"]
        assert "tries again" in studio.get("/api/sweeps").json()["sweeps"][0]["problem"]
        writer.execute("COMMIT")
    assert studio.get("/api/sweeps/one").status_code == 200
    assert studio.get("/api/sweeps").json()["sweeps"][0]["best"] == 21


@pytest.mark.parametrize(
    "content",
    [
        "{" * 100_000,
        "[" * 900_000,
        '{"layout": 2}',
        "null",
        json.dumps({**made.SPEC, "objectives": ["fame"]}),
        json.dumps({**made.SPEC, "objectives": []}),
        json.dumps({**made.SPEC, "pictures": []}),
        json.dumps({**made.SPEC, "space": {"a\nb": 3}}),
        json.dumps({**made.SPEC, "seeds": 10**400}),
        json.dumps({**made.SPEC, "storage": {"url": "x"}}),
        json.dumps({**made.SPEC, "sampler": "x" * 10**6}),
    ],
)
def test_a_damaged_spec(studio: TestClient, folder: Path, content: str) -> None:
    (folder / "sweep.json").write_text(content)
    assert problem(studio).startswith("sweep.json must be a sweep that Sfumato wrote: ")


@pytest.mark.parametrize("side", [60_000, 2**31 - 1])
def test_a_painting_that_is_a_decompression_bomb(studio: TestClient, folder: Path, side: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    (folder / "paintings").mkdir()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    (folder / "paintings" / "000000.png").write_bytes(bomb)
    assert studio.get("/api/sweeps/one/paintings/0.png").status_code == 409
    (folder / "paintings" / "000001.png").write_text("<script>alert(1)</script>")
    assert studio.get("/api/sweeps/one/paintings/1.png").status_code == 409
    os.truncate(folder / "paintings" / "000001.png", irregular.LARGE)
    assert studio.get("/api/sweeps/one/paintings/1.png").status_code == 404


@pytest.mark.parametrize("name", ["..", "%2e%2e", "one%2f..", "one%00", "two", "%FF", "%2e"])
def test_only_sweeps_are_served(studio: TestClient, folder: Path, name: str) -> None:
    (folder.parent / "two").symlink_to(folder)
    for path in ("", "/configurations?numbers=0", "/paintings/0.png"):
        assert studio.get(f"/api/sweeps/{name}{path}").status_code in (404, 405)
