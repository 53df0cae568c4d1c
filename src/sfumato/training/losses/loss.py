"""Losses of a sample: computed elementwise, weighted by channel, and summed over the channels; and of pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from sfumato.recipe import choices


@dataclass(frozen=True)
class Implementation:
    """Implementation of a loss. Its parameters p, q, ... are the fields of its choice, in their order.

    The functions take the error (output - target) first. If `takes_outputs` is true they take the output after it, as a
    constant: derivatives are those by the error alone.
    """

    tensor: Callable[..., Tensor]
    """(errors, p, q, ...) -> losses elementwise, differentiable by autograd."""
    value: Callable[..., float] | None = None
    """(error, p, q, ...) -> loss for one number, in arithmetic that Numba compiles; None if it is not compiled."""
    derivative: Callable[..., float] | None = None
    """(error, p, q, ...) -> derivative of the loss by the error, in arithmetic that Numba compiles; NaN for a NaN."""
    takes_outputs: bool = False
    """Whether the functions take the output after the error."""
    of_values: bool = False
    """Whether `tensor` takes the outputs and the targets in place of the errors; it is not compiled then."""


@dataclass(frozen=True)
class PictureImplementation:
    """Implementation of a loss of pictures. Its parameters p, q, ... are the fields of its choice, in their order."""

    tensor: Callable[..., Tensor]
    """(outputs, targets, p, q, ...) -> (C,) losses of the channels of two pictures (C, H, W), differentiable."""


def of_picture(
    choice: choices.Loss,
    outputs: Tensor,
    targets: Tensor,
    shape: tuple[int, int],
    channel_weights: Tensor | None = None,
) -> Tensor:
    """Return the loss of a picture (H, W) with (H * W, C) outputs and targets, row by row, as the mean over samples."""
    implementation: PictureImplementation = choice.implementation()
    pictures = (values.T.reshape(-1, *shape) for values in (outputs, targets))
    losses = implementation.tensor(*pictures, *choice.parameters)
    return (losses if channel_weights is None else losses * channel_weights).sum()


def total(
    choice: choices.Loss,
    outputs: Tensor,
    targets: Tensor,
    shape: tuple[int, int],
    channel_weights: Tensor | None = None,
) -> Tensor:
    """Return the sum of the samples' losses, for (N, C) outputs and targets of a picture (H, W), row by row.

    Only a loss of pictures uses their ``shape``.
    """
    if choice.of_pictures:
        return len(outputs) * of_picture(choice, outputs, targets, shape, channel_weights)
    return per_sample(choice, outputs, targets, channel_weights).sum()


def per_sample(choice: choices.Loss, outputs: Tensor, targets: Tensor, channel_weights: Tensor | None = None) -> Tensor:
    """Return (N,) losses for (N, C) outputs and targets; ``channel_weights`` (C,), None for ones."""
    implementation: Implementation = choice.implementation()
    if implementation.of_values:
        arguments: tuple[Tensor, ...] = (outputs, targets)
    else:
        errors = outputs - targets
        arguments = (errors, outputs.detach()) if implementation.takes_outputs else (errors,)
    losses = implementation.tensor(*arguments, *choice.parameters)
    if channel_weights is not None:
        losses = losses * channel_weights
    return losses.sum(dim=1)
