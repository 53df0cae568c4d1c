"""Activations: one per file, each with its derivative."""

from __future__ import annotations

from torch import nn

from sfumato.models.activations import custom
from sfumato.models.activations.activation import Activate, Implementation
from sfumato.recipe import choices


def build(choice: choices.Activation) -> nn.Module:
    """Build the module of a choice. Raises RecipeError for a custom one that cannot be imported or does not fit."""
    return custom.build(choice) if isinstance(choice, choices.CustomActivation) else Activate(choice)


__all__ = ["Activate", "Implementation", "build"]
