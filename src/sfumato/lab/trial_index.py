"""The trials of all experiments of a folder as one table, from an index of them where that is up to date."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sfumato import tables
from sfumato.conditions import Condition, matching
from sfumato.errors import RunError, SfumatoError
from sfumato.lab import index_file
from sfumato.lab.index_file import Entry, Index
from sfumato.lab.layout import FOLDER, INDEX, PLAN, TRIALS, TRIALS_PARQUET
from sfumato.log import LOG
from sfumato.tables import Table

if TYPE_CHECKING:
    import pyarrow


def load_trials(folder: str | Path = FOLDER, /, **conditions: Condition) -> Table:
    """Return one row per trial of every experiment in a folder, with the experiment's name in the first column.

    ``conditions`` select rows as `Table.filter` does: ``load_trials("experiments", arm="relu", psnr=(28, None))``.

    With pyarrow, the trials are kept in the folder as ``trials-index.parquet``, which makes the next call fast: only
    experiments whose files have changed are read again. The index may be deleted at any time, and a folder that cannot
    be written is read without one. An experiment that cannot be read is skipped with a message in the log. Raises
    RunError for a folder that is missing or cannot be read, and SfumatoError for a condition on an unknown column.
    """
    root = Path(folder)
    found = _experiments(root)
    table = _by_index(root, found)
    if table is not None:
        if not conditions or not table.column_names:
            return tables.of_arrow(table)
        keep = matching(len(table), table.column_names, lambda name: table[name].to_pylist(), conditions)
        return tables.of_arrow(table.filter(_mask(keep)))
    parts = [part for path in found if (part := _read(path)) is not None]
    return tables.joined(parts).filter(**(conditions if parts else {}))


def _experiments(root: Path) -> list[Path]:
    """Return the folders with a plan, by name, without hidden ones. Raises RunError where they cannot be listed."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{root} must be a folder of experiments. Got one that is not there; check the path.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(f"{root} must be a folder of experiments: {reason.lower()}.") from None
    return [root / name for name in names if _has_plan(root / name)]


def _has_plan(path: Path) -> bool:
    try:
        (path / PLAN).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        LOG.info(f"{path} is skipped: {(error.strerror or str(error)).lower()}")
        return False
    return True


def _by_index(root: Path, experiments: Sequence[Path]) -> pyarrow.Table | None:
    """Return the trials of all experiments, and update the index; None where Arrow is missing or cannot hold them."""
    try:
        import pyarrow
    except ImportError:
        return None
    index = index_file.read(root / INDEX)
    entries: dict[str, Entry] = {}
    changed: dict[str, pyarrow.Table] = {}
    for path in experiments:
        known = None if index is None else index.entries.get(path.name)
        try:
            state = index_file.state_of(path)
            if known is not None and known.state == state:
                entries[path.name] = known
            # One that cannot be read is tried again each time: the reason may be gone although no file has changed.
            elif (part := _read(path)) is not None:
                changed[path.name] = part.to_arrow()
                entries[path.name] = Entry(state, len(part), tuple(part.columns))
        except (OSError, ValueError, OverflowError, TypeError, pyarrow.ArrowException):
            return None
    if index is not None and entries == index.entries and not changed:
        return index.table
    try:
        table = _joined(index, entries, changed)
    except pyarrow.ArrowException:
        return None
    if entries:
        index_file.write(root / INDEX, Index(entries, table))
    return table


def _mask(keep: Sequence[bool]) -> pyarrow.BooleanArray:
    """Return an array of Arrow. Its own conversion of a list imports pandas, where that is installed."""
    import pyarrow

    bits = np.packbits(np.asarray(keep, dtype=np.bool_), bitorder="little")
    return pyarrow.Array.from_buffers(pyarrow.bool_(), len(keep), [None, pyarrow.py_buffer(bits)])


def _joined(index: Index | None, entries: Mapping[str, Entry], changed: Mapping[str, pyarrow.Table]) -> pyarrow.Table:
    known = {} if index is None else index.parts()
    parts = [changed[name] if name in changed else known[name] for name in entries]
    return index_file.concatenated(parts) if parts else Table({}, {}).to_arrow()


def _read(path: Path) -> Table | None:
    """Return an experiment's trials with its name; None where it cannot be read, which is logged."""
    try:
        part = _trials(path)
    except SfumatoError as error:
        LOG.info(f"{path} is skipped: {error}")
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        # One experiment that another program wrote or changed must not hide all others, whatever is wrong with it.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        LOG.info(f"{path} is skipped, because its plan or its rows are not those that Sfumato wrote: {reason}")
        return None
    columns = {"experiment": [path.name] * len(part), **{name: part[name] for name in part.columns}}
    return Table(columns, {"experiment": str, **part.kinds})


def _trials(path: Path) -> Table:
    parquet, rows = path / TRIALS_PARQUET, path / TRIALS
    try:
        if parquet.stat().st_mtime_ns >= rows.stat().st_mtime_ns:
            found = tables.read_parquet(parquet)
            # Times alone do not tell: a copied folder may have any. Earlier versions wrote no optimizers.
            if "optimizer" in found.columns and len(found) == rows.read_bytes().count(b"\n"):
                return found
    except (OSError, SfumatoError):
        # There is no report yet, or no pyarrow.
        pass
    from sfumato.lab.experiment import load_experiment

    return load_experiment(path).trials()
