"""What a moment of training tells of a recipe."""

from sfumato.training.diagnosis.diagnosis import Diagnosis, concluded, diagnose
from sfumato.training.diagnosis.finding import Finding, Severity
from sfumato.training.diagnosis.make_trial import run_trial
from sfumato.training.diagnosis.trial import Trial

__all__ = ["Diagnosis", "Finding", "Severity", "Trial", "concluded", "diagnose", "run_trial"]
