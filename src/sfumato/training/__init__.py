"""Training: trainer, problems, observers, samplers, optimizers, schedules, losses and engines."""

from sfumato.training.diagnosis import Diagnosis, Finding, diagnose
from sfumato.training.engines import outputs
from sfumato.training.engines.requirements import resolve
from sfumato.training.health import NetworkStats
from sfumato.training.observer import Observer, Observers, Start, observers_of
from sfumato.training.overhead import Overhead, OverheadBudget
from sfumato.training.picture import PictureMetrics, PictureProblem, PictureSnapshot
from sfumato.training.problem import Problem
from sfumato.training.snapshot import Metrics, Snapshot
from sfumato.training.train_concurrently import train_concurrently, trainers
from sfumato.training.trainer import Trainer

__all__ = [
    "Diagnosis",
    "Finding",
    "Metrics",
    "NetworkStats",
    "Observer",
    "Observers",
    "Overhead",
    "OverheadBudget",
    "PictureMetrics",
    "PictureProblem",
    "PictureSnapshot",
    "Problem",
    "Snapshot",
    "Start",
    "Trainer",
    "diagnose",
    "observers_of",
    "outputs",
    "resolve",
    "train_concurrently",
    "trainers",
]
