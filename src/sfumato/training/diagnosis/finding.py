"""What a check finds, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["error", "warning", "fine"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the worst to the best."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    severity: Severity
    text: str
    """What is so, in numbers, and what it leads to: one or two sentences."""
    change: str = ""
    """What to change, with the flags; empty where there is nothing to change."""

    def __str__(self) -> str:
        return f"{self.text} {self.change}".rstrip()
