"""The trials of all experiments of a folder as one table, from an index of them where that is up to date."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato import tables
from sfumato.conditions import Condition
from sfumato.errors import RunError, SfumatoError
from sfumato.lab import index_file
from sfumato.lab.index_file import Entry, Index
from sfumato.lab.layout import FOLDER, INDEX, PLAN
from sfumato.log import LOG
from sfumato.runs.files import printable
from sfumato.tables import Table

if TYPE_CHECKING:
    import pyarrow


def load_trials(folder: str | Path = FOLDER, /, **conditions: Condition) -> Table:
    """Return one row per trial of every experiment in a folder, with the experiment's name in the first column.

    ``conditions`` select rows as `Table.filter` does: ``load_trials("experiments", arm="relu", psnr=(28, None))``.

    With pyarrow, the trials are kept in the folder as ``trials-index.parquet``, which makes the next call fast: only
    experiments whose files have changed are read again. The index may be deleted at any time, and a folder that cannot
    be written is read without one. An experiment that cannot be read is skipped with a message in the log. Raises
    RunError for a folder that is missing or cannot be read, and SfumatoError as `Table.filter` does.
    """
    root = Path(folder)
    experiments = _experiments(root)
    index, others = _indexed(root, experiments)
    if index is not None and not others:
        return tables.of_arrow(index.table, conditions if index.entries else None)
    known = {} if index is None else index.parts()
    found = {path.name: others.get(path.name) or known.get(path.name) for path in experiments}
    parts = [each if isinstance(each, Table) else tables.of_arrow(each) for each in found.values() if each is not None]
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
        LOG.info(f"{printable(path)} is skipped: {(error.strerror or str(error)).lower()}")
        return False
    return True


def _indexed(root: Path, experiments: Sequence[Path]) -> tuple[Index | None, dict[str, Table]]:
    """Bring the index up to date, and return it with the trials of the experiments that it cannot hold.

    Without pyarrow there is no index, and the trials are those of all experiments.
    """
    try:
        import pyarrow
    except ImportError:
        return None, {path.name: part for path in experiments if (part := _read(path)) is not None}
    try:
        return _updated(root, experiments, index_file.read(root / INDEX))
    except pyarrow.ArrowException:
        # A column of the index has another type than that of the experiments: something else has written it.
        return _updated(root, experiments, None)


def _updated(root: Path, experiments: Sequence[Path], known: Index | None) -> tuple[Index, dict[str, Table]]:
    import pyarrow

    entries: dict[str, Entry] = {}
    changed: dict[str, pyarrow.Table] = {}
    others: dict[str, Table] = {}
    for path in experiments:
        before = None if known is None else known.entries.get(path.name)
        try:
            state = index_file.state_of(path)
        except OSError as error:
            LOG.info(f"{printable(path)} is skipped: {(error.strerror or str(error)).lower()}")
            continue
        if before is not None and before.state == state:
            entries[path.name] = before
        # One that cannot be read is tried again each time: the reason may be gone although no file has changed.
        elif (part := _read(path)) is not None:
            try:
                changed[path.name] = index_file.encoded(part)
                entries[path.name] = Entry(state, len(part), tuple(part.columns))
            except (ValueError, OverflowError, TypeError, pyarrow.ArrowException) as error:
                reason = " ".join(str(error).split())
                LOG.info(f"{printable(path)} is left out of {INDEX}, which cannot hold its trials: {reason}")
                others[path.name] = part
    if known is not None and not changed and list(entries.items()) == list(known.entries.items()):
        return known, others
    index = Index(entries, _joined(known, entries, changed))
    index_file.write(root / INDEX, index)
    return index, others


def _joined(index: Index | None, entries: Mapping[str, Entry], changed: Mapping[str, pyarrow.Table]) -> pyarrow.Table:
    known = {} if index is None else index.parts()
    parts = [changed[name] if name in changed else known[name] for name in entries]
    return index_file.concatenated(parts) if parts else Table({}, {}).to_arrow()


def _read(path: Path) -> Table | None:
    """Return an experiment's trials with its name; None where it cannot be read, which is logged."""
    try:
        part = _trials(path)
    except SfumatoError as error:
        LOG.info(f"{printable(path)} is skipped: {error}".encode("utf-8", "backslashreplace").decode())
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        # One experiment that another program wrote or changed must not hide all others, whatever is wrong with it.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        LOG.info(
            f"{printable(path)} is skipped, because its plan or its rows are not those that Sfumato wrote: {reason}"
        )
        return None
    columns = {"experiment": [path.name] * len(part), **{name: part[name] for name in part.columns}}
    return Table(columns, {"experiment": str, **part.kinds})


def _trials(path: Path) -> Table:
    # Not from the table that a report leaves there, which may be older than the rows, whatever the files' times.
    from sfumato.lab.experiment import load_experiment

    return load_experiment(path).trials()
