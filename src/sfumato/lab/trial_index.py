"""The trials of all experiments of a folder as one table."""

from __future__ import annotations

from pathlib import Path

from sfumato import tables
from sfumato.errors import RunError, SfumatoError
from sfumato.lab.compare import FOLDER
from sfumato.lab.experiment import load_experiment
from sfumato.lab.folder import PLAN, TRIALS
from sfumato.lab.report.files import TRIALS_PARQUET
from sfumato.log import LOG
from sfumato.tables import Table


def load_trials(folder: str | Path = FOLDER) -> Table:
    """Return one row per trial of every experiment in a folder, with the experiment's name in the first column.

    Read from each experiment's ``trials.parquet`` where it is up to date and pyarrow is installed, which is fast, else
    from its rows. An experiment that cannot be read is skipped with a message in the log. Raises RunError for a folder
    that is missing or cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        raise RunError(f"{root} must be a folder of experiments. Got one that is not there; check the path.")
    try:
        found = sorted(path.parent for path in root.glob(f"*/{PLAN}"))
    except OSError as error:
        raise RunError(f"{root} must be a folder of experiments: {(error.strerror or str(error)).lower()}.") from None
    parts: list[Table] = []
    for path in found:
        try:
            part = _trials(path)
        except SfumatoError as error:
            LOG.info(f"{path} is skipped: {error}")
            continue
        columns = {"experiment": [path.name] * len(part), **{name: part[name] for name in part.columns}}
        parts.append(Table(columns, {"experiment": str, **part.kinds}))
    return tables.joined(parts)


def _trials(path: Path) -> Table:
    parquet, rows = path / TRIALS_PARQUET, path / TRIALS
    try:
        if parquet.stat().st_mtime_ns >= rows.stat().st_mtime_ns:
            found = tables.read_parquet(parquet)
            # Times alone do not tell: a copied folder may have any.
            if len(found) == rows.read_bytes().count(b"\n"):
                return found
    except (OSError, SfumatoError):
        # There is no report yet, or no pyarrow.
        pass
    return load_experiment(path).trials()
