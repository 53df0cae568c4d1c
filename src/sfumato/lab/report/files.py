"""The report's files: a page, and its trials and curves as CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

from sfumato.errors import SfumatoError
from sfumato.lab.experiment import Experiment
from sfumato.lab.layout import TRIALS_PARQUET
from sfumato.lab.report.page import page
from sfumato.log import LOG
from sfumato.runs.files import write_bytes
from sfumato.tables import Table

PAGE = "report.html"
TRIALS_CSV = "trials.csv"
CURVE_CSV = "curve.csv"
NO_PYARROW = (
    f"{TRIALS_PARQUET} needs pyarrow, which is not installed: pip install 'sfumato[lab]', then sfumato report. "
    "Everything else is written."
)


def write(experiment: Experiment) -> list[Path]:
    """Write all files, each as a whole or not at all, and return their paths, the page's first.

    Without pyarrow, log how to install it. Raises RunError when a file cannot be written, or the folder lacks a file.
    """
    folder = experiment.folder.path
    trials = experiment.trials()
    files: dict[str, bytes | None] = {
        PAGE: page(experiment).encode(),
        TRIALS_CSV: trials.to_csv(),
        TRIALS_PARQUET: _parquet(trials),
        CURVE_CSV: experiment.curves().to_csv(),
    }
    for name, data in files.items():
        if data is not None:
            write_bytes(folder / name, data)
    if files[TRIALS_PARQUET] is None:
        # The file of an earlier report would hold other trials.
        (folder / TRIALS_PARQUET).unlink(missing_ok=True)
        LOG.info(NO_PYARROW)
    return [folder / name for name, data in files.items() if data is not None]


def _parquet(table: Table) -> bytes | None:
    """Return the table as Parquet; None without pyarrow."""
    try:
        return table.to_parquet()
    except SfumatoError:
        return None
