"""What a moment of training tells of a recipe."""

from sfumato.training.diagnosis.diagnosis import Diagnosis, concluded, diagnose
from sfumato.training.diagnosis.finding import Finding, Severity
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.diagnosis.trying import tried

__all__ = ["Diagnosis", "Finding", "Severity", "Trial", "concluded", "diagnose", "tried"]
