"""Observers that write a run's folder during training, one per kind of file."""

from __future__ import annotations

from sfumato.runs.observers.checkpoints import CheckpointWriter
from sfumato.runs.observers.frames import FrameWriter
from sfumato.runs.observers.live import LiveView
from sfumato.runs.observers.metrics import MetricsWriter
from sfumato.runs.observers.moments import MomentWriter
from sfumato.runs.observers.record import RunRecord
from sfumato.training import Observer, PictureSnapshot


def writers(record: RunRecord) -> list[Observer[PictureSnapshot]]:
    """Return the observers that write the record's folder; the record itself is the last."""
    folder, transfer = record.folder, record.transfer
    return [
        MetricsWriter(folder),
        FrameWriter(folder, transfer),
        MomentWriter(folder),
        CheckpointWriter(folder),
        LiveView(folder, transfer),
        record,
    ]


__all__ = [
    "CheckpointWriter",
    "FrameWriter",
    "LiveView",
    "MetricsWriter",
    "MomentWriter",
    "RunRecord",
    "writers",
]
