"""Commands about one run: which one, and their other flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfumato.cli import flags
from sfumato.runs import listing


def read(command: str, doc: str, arguments: Sequence[str], *fields: tuple[str, Any, Any]) -> tuple[Path, Any]:
    """The run's folder, and the other flags. Raises SfumatoError in one line for whatever is wrong."""
    parsed = flags.read(
        command,
        doc,
        arguments,
        flags.positional("run", "", "RUN", "a run's folder, or a part of one run's name; the newest when left out"),
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        *fields,
    )
    return listing.find(parsed.run, Path(parsed.runs)), parsed
