"""Activations: one a file, each with its derivative."""

from __future__ import annotations

from sfumato.models.activations.activation import Activate, Implementation
from sfumato.recipe import choices


def build(choice: choices.Activation) -> Activate:
    """The module for a choice."""
    return Activate(choice)


__all__ = ["Activate", "Implementation", "build"]
