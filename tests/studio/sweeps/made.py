"""Sweeps' folders, made without Optuna and without training: sweep.json, and a database with its tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version VARCHAR(256),
    PRIMARY KEY (version_info_id));
CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id));
CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER, "key" VARCHAR(512),
    value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, "key"));
CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL,
    datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id));
CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
    distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name));
CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER, "key" VARCHAR(512),
    value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, "key"));
CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT NULL,
    value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective));
"""
WIDTH = {"name": "IntDistribution", "attributes": {"log": True, "step": 1, "low": 4, "high": 64}}
ACTIVATION = {"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "sine(5..60)"]}}
SINE = {"name": "IntDistribution", "attributes": {"log": False, "step": 1, "low": 5, "high": 60}}
DISTRIBUTIONS = {"model.width": WIDTH, "model.activation": ACTIVATION, "model.activation.sine": SINE}
SPEC: Mapping[str, Any] = {
    "layout": 1,
    "space": {"model.width": ["4..64:log"], "model.activation": ["relu", "sine(5..60)"]},
    "base": {},
    "pictures": [{"source": "cat", "sha256": "0" * 64, "height": 8, "width": 9, "channels": 3}],
    "seeds": 1,
    "objectives": ["psnr"],
    "sampler": "tpe",
    "pruner": "none",
    "equal": "epochs",
    "storage": None,
}


@dataclass(frozen=True)
class Configuration:
    """One row of each table."""

    psnr: Any = 20.0
    status: Any = "finished"
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"model.width": 8, "model.activation": 0})
    results: Mapping[str, Any] = field(default_factory=dict)
    values: Sequence[Any] | None = None
    """Values of the objectives; by default the PSNR."""
    state: str = "COMPLETE"


def sweep(folder: Path, configurations: Sequence[Configuration], *, trials: int | None = None, **spec: Any) -> Path:
    """Write a sweep's folder, and return it."""
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps({**SPEC, **spec}))
    with closing(sqlite3.connect(folder / "sweep.db")) as connection:
        connection.executescript(TABLES)
        connection.execute("INSERT INTO version_info VALUES (1, 12, '5.0.0')")
        connection.execute("INSERT INTO studies VALUES (1, 'a')")
        if trials is not None:
            connection.execute("INSERT INTO study_user_attributes VALUES (1, 1, 'trials', ?)", (str(trials),))
        for number, each in enumerate(configurations):
            add(connection, number, each)
        connection.commit()
    return folder


def add(connection: sqlite3.Connection, number: int, each: Configuration) -> None:
    """Insert one configuration."""
    trial = number + 1
    connection.execute(
        "INSERT INTO trials (trial_id, number, study_id, state) VALUES (?, ?, 1, ?)", (trial, number, each.state)
    )
    for name, value in each.parameters.items():
        distribution = json.dumps(DISTRIBUTIONS.get(name, SINE))
        connection.execute(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
            (trial, name, value, distribution),
        )
    attributes = {"psnr": each.psnr, "status": each.status, "reason": None, **each.results}
    for name, value in attributes.items():
        connection.execute(
            'INSERT INTO trial_user_attributes (trial_id, "key", value_json) VALUES (?, ?, ?)',
            (trial, name, json.dumps(value)),
        )
    if each.state == "COMPLETE":
        for objective, value in enumerate((each.psnr,) if each.values is None else each.values):
            connection.execute(
                "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, 'FINITE')",
                (trial, objective, value),
            )


def changed(folder: Path, *statements: str) -> None:
    """Change a sweep's database."""
    with closing(sqlite3.connect(folder / "sweep.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
