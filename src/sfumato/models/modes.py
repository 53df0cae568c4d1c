"""Temporary evaluation mode of modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put the module and its submodules in evaluation mode, and restore the mode of each afterwards.

    ``Module.train`` would set all to the mode of the outermost one, and so unfreeze layers that were put in evaluation
    mode on purpose.
    """
    before = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for each, training in before:
            each.training = training
