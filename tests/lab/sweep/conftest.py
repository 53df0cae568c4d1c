"""Databases of sweeps that need no protection against power failures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine


def _without_sync(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(autouse=True)
def _no_sync_of_databases() -> Iterator[None]:
    event.listen(Engine, "connect", _without_sync)
    yield
    event.remove(Engine, "connect", _without_sync)
