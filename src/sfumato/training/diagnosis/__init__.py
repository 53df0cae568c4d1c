"""Diagnosis of a recipe from a short trial run."""

from sfumato.training.diagnosis.diagnosis import Diagnosis, diagnose, findings_of
from sfumato.training.diagnosis.findings import Finding, Severity
from sfumato.training.diagnosis.make_trial import run_trial
from sfumato.training.diagnosis.trial import Trial

__all__ = ["Diagnosis", "Finding", "Severity", "Trial", "diagnose", "findings_of", "run_trial"]
