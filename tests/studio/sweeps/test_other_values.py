"""Values that Optuna does not write in the tables of a sweep: of other types, and too many of them."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.studio.sweeps import made

OTHER_VALUES = ("NULL", "'<script>'", "x'ff00'", "1e999", "-9223372036854775808", "'1e999'", "CAST(x'ff' AS TEXT)")


@pytest.mark.slow
def test_values_of_other_types(studio: TestClient, folder: Path) -> None:
    columns = {
        "trials": ("number", "state"),
        "trial_values": ("objective", "value"),
        "trial_params": ("param_name", "param_value", "distribution_json"),
        "trial_user_attributes": ("key", "value_json"),
        "study_user_attributes": ("value_json",),
    }
    made.changed(folder, "INSERT INTO study_user_attributes VALUES (1, 1, 'trials', '3')")
    for table, names in columns.items():
        for name in names:
            for value in OTHER_VALUES:
                made.changed(folder, f'UPDATE OR IGNORE {table} SET "{name}" = {value}')
                answer = studio.get("/api/sweeps/one")
                assert answer.status_code in (200, 409), (table, name, value)
                assert studio.get("/api/sweeps").status_code == 200
                assert studio.get("/api/sweeps/one/configurations?numbers=0").status_code in (200, 409)
                json.loads(answer.content)


OTHER_COLUMNS = {"TEXT": '"{}"', "TEXT COLLATE NOCASE": 'upper("{}")', "REAL": '"{}"', "BLOB": 'CAST("{}" AS REAL)'}


@pytest.mark.slow
def test_columns_of_other_types(studio: TestClient, folder: Path) -> None:
    whole = (folder / "sweep.db").read_bytes()
    tables = [statement for statement in made.TABLES.split(";") if statement.strip()]
    for statement in tables:
        table = statement.split()[2]
        with closing(sqlite3.connect(folder / "sweep.db")) as connection:
            names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
        for kind, value in OTHER_COLUMNS.items():
            columns = ", ".join(f'"{name}" {kind}' for name in names)
            made.changed(
                folder,
                f"ALTER TABLE {table} RENAME TO old",
                f"CREATE TABLE {table} ({columns})",
                f"INSERT INTO {table} SELECT {', '.join(value.format(name) for name in names)} FROM old",
                "DROP TABLE old",
            )
            for path in ("/one", "", "/one/configurations?numbers=0"):
                answer = studio.get(f"/api/sweeps{path}")
                assert answer.status_code in (200, 409), (table, kind, path, answer.text)
                assert "see its terminal" not in answer.text, (table, kind, path)
            (folder / "sweep.db").write_bytes(whole)


def test_long_texts_in_place_of_numbers_are_not_read(studio: TestClient, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "sweep.db")) as connection:
        insert = "INSERT INTO trials (number, study_id, state) VALUES (?, 1, 'COMPLETE')"
        connection.executemany(insert, (("x" * 900_000,) for _ in range(40)))
        connection.commit()
    tracemalloc.start()
    try:
        assert studio.get("/api/sweeps/one").json()["number"] == [0, 1]
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_value_that_no_axis_has_is_left_out(studio: TestClient, folder: Path) -> None:
    made.changed(
        folder,
        "UPDATE trial_params SET param_value = -4 WHERE param_name = 'model.width' AND trial_id = 1",
        "UPDATE trial_params SET param_value = 2 WHERE param_name = 'model.activation' AND trial_id = 1",
    )
    width, activation = studio.get("/api/sweeps/one").json()["axes"]
    # No logarithm has the one, and no category the other.
    assert width["values"] == [None, 8]
    assert activation["values"] == [None, 0]


@pytest.mark.slow
def test_many_parameters_and_categories_are_cut(studio: TestClient, folder: Path) -> None:
    choices = json.dumps({"attributes": {"choices": ["x" * 90] * 200}})
    with closing(sqlite3.connect(folder / "sweep.db")) as connection:
        connection.executemany(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (1, ?, 0, ?)",
            ((f"p{number}{'y' * 500}", choices) for number in range(2000)),
        )
        connection.commit()
    answer = studio.get("/api/sweeps/one")
    assert answer.status_code == 200
    assert len(answer.json()["axes"]) == 40
    assert len(answer.content) < 2_000_000
