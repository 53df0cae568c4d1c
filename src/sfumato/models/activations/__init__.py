"""Activations: one a file, each with its derivative."""

from __future__ import annotations

from sfumato.models.activations import gauss, leaky_relu, relu, sigmoid, sine, tanh
from sfumato.models.activations.activation import Activate, Implementation, parameter_of
from sfumato.recipe import choices

IMPLEMENTATIONS: dict[type[choices.Activation], Implementation] = {
    module.IMPLEMENTATION.choice: module.IMPLEMENTATION for module in (leaky_relu, relu, tanh, sigmoid, sine, gauss)
}
"""Every activation by its choice."""


def build(choice: choices.Activation) -> Activate:
    """The module for a choice."""
    return Activate(IMPLEMENTATIONS[type(choice)], parameter_of(choice))


__all__ = ["IMPLEMENTATIONS", "Activate", "Implementation", "build", "parameter_of"]
