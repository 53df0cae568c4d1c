"""A module for a moment in evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put the module and all inside it in evaluation mode; then each back in its own.

    ``Module.train`` would give all of them the mode of the outermost, and wake the layers that someone has frozen.
    """
    before = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for each, training in before:
            each.training = training
