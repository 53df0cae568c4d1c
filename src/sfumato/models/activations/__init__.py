"""Activations: one per file, each with its derivative."""

from __future__ import annotations

from sfumato.models.activations.activation import Activate, Implementation
from sfumato.recipe import choices


def build(choice: choices.Activation) -> Activate:
    """Build the module of a choice."""
    return Activate(choice)


__all__ = ["Activate", "Implementation", "build"]
