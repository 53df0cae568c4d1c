"""What the trials of experiments are without an index, to compare with."""

from __future__ import annotations

from pathlib import Path

from sfumato import tables
from sfumato.lab.experiment import load_experiment
from sfumato.lab.layout import PLAN
from sfumato.tables import Table


def plain(folder: Path) -> Table:
    """Return what the rows of all experiments say, without an index."""
    parts: list[Table] = []
    for path in sorted(each.parent for each in folder.glob(f"*/{PLAN}")):
        part = load_experiment(path).trials()
        columns = {"experiment": [path.name] * len(part), **{name: part[name] for name in part.columns}}
        parts.append(Table(columns, {"experiment": str, **part.kinds}))
    return tables.joined(parts)


def same(found: Table, expected: Table) -> bool:
    """Return whether two tables have the same columns, of the same types, and rows."""
    return found.columns == expected.columns and found.kinds == expected.kinds and list(found) == list(expected)
