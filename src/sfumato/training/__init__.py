"""Training: the loop, pixel orders, optimisers, schedules, losses and engines."""

from sfumato.training.diagnosis import Diagnosis, Finding, diagnose
from sfumato.training.engines import outputs
from sfumato.training.evaluation import Evaluation
from sfumato.training.health import Figures
from sfumato.training.looking import Looking
from sfumato.training.loop import Loop, resolve
from sfumato.training.snapshot import Snapshot
from sfumato.training.together import loops, together

__all__ = [
    "Diagnosis",
    "Evaluation",
    "Figures",
    "Finding",
    "Looking",
    "Loop",
    "Snapshot",
    "diagnose",
    "loops",
    "outputs",
    "resolve",
    "together",
]
