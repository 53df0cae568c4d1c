"""Findings of a health check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["error", "warning", "ok"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""All severities, the worst first."""


@dataclass(frozen=True)
class Finding:
    """One result of a health check."""

    severity: Severity
    text: str
    """One or two sentences: what was measured, and its consequence."""
    change: str = ""
    """The suggested change, with its flags; empty where nothing needs to change."""

    def __str__(self) -> str:
        return f"{self.text} {self.change}".rstrip()
