"""The flag ``--executor``: where trials train."""

from __future__ import annotations

from typing import Any

from sfumato.cli import flags

FLAG = flags.field(
    "executor",
    "local",
    "NAME",
    "where trials train: local; ray, a cluster that runs or one started here; ray:HOST:PORT; folder:DIR, machines on "
    "which sfumato worker DIR runs; module:Class, your own",
)


def given(parsed: Any) -> str | None:
    """Return the executor that was asked for; None for this machine."""
    return None if parsed.executor == "local" else parsed.executor
