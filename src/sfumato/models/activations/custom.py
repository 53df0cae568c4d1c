"""Activations of the user's own by name, ``nets:wave`` or ``nets:Wave(omega=3)``, and the requirements on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sfumato import trust
from sfumato.errors import RecipeError
from sfumato.models import custom
from sfumato.recipe import choices
from sfumato.recipe.choices.choice import parse_call

RULE = (
    "model.activation must be a function of a tensor, module:function, or a class or factory of such, "
    "module:Class(...)."
)
SHAPES = ((3, 5), (1, 5))
"""Shapes of the preactivations with which an activation is called before it is trained: (samples, units)."""


class CustomActivate(nn.Module):
    """Module that applies an activation of the user's own."""

    def __init__(self, choice: choices.CustomActivation, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.choice = choice
        # An attribute of this name is a submodule where the function is a module.
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to (N, units) preactivations."""
        return self.function(x)

    def extra_repr(self) -> str:
        """Return the name of the function, for printing the model."""
        return str(self.choice)


def build(choice: choices.CustomActivation) -> CustomActivate:
    """Import and check the function or module.

    Raises RecipeError if its import has not been allowed, it cannot be found or built, or does not map preactivations
    to outputs of the same shape that can be differentiated.
    """
    text = choice.imports
    trust.check(text, "model.activation")
    where, _, called = text.partition(":")
    written = parse_call(called)
    found = custom.attribute_of(where, written.name, RULE)
    if not callable(found):
        raise RecipeError(f"{RULE} Got {text!r}: {_absence(where, written.name, found)}.")
    # A class, or a name with parentheses, makes the function; a name alone is the function.
    makes = isinstance(found, type) or "(" in called
    function: Callable[..., Any] = _made(text, found, written.positional, dict(written.named)) if makes else found
    built = CustomActivate(choice, function)
    if next(built.parameters(), None) is not None or next(built.buffers(), None) is not None:
        raise RecipeError(
            f"model.activation must have neither parameters nor buffers. Got {text!r}, which has some; train it as "
            "part of a network of your own, model.module."
        )
    for shape in SHAPES:
        _check(built, text, shape)
    return built


def _made(text: str, make: Callable[..., Any], positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
    try:
        made = make(*positional, **named)
    # The user's code may raise any exception.
    except Exception as error:
        raise RecipeError(f"{RULE} {text!r} raises {custom.line_of(error)}") from error
    if not callable(made):
        raise RecipeError(f"{RULE} {text!r} makes {type(made).__name__}, which cannot be called.")
    return made


def _absence(where: str, name: str, found: object) -> str:
    return f"{where} has no {name}" if found is None else f"{name} is {type(found).__name__}, which cannot be called"


def _check(activate: nn.Module, text: str, shape: tuple[int, int]) -> None:
    """Raise RecipeError unless the activation maps preactivations to differentiable outputs of their shape."""
    rule = "model.activation must map a tensor to one of the same shape and type."
    x = torch.linspace(-2, 2, shape[0] * shape[1]).reshape(shape).requires_grad_()
    differentiable = f"model.activation must be differentiable by PyTorch. {text!r}"
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            y = activate(x)
    except Exception as error:
        raise RecipeError(f"{rule} {text!r} raises {custom.line_of(error)}") from error
    if not isinstance(y, Tensor):
        raise RecipeError(f"{rule} {text!r} returns {type(y).__name__}.")
    if y.shape != x.shape:
        raise RecipeError(f"{rule} {text!r} returns shape {tuple(y.shape)} for {shape}.")
    if y.dtype != x.dtype:
        names = [str(each).removeprefix("torch.") for each in (y.dtype, x.dtype)]
        raise RecipeError(f"{rule} {text!r} returns {names[0]} for {names[1]}.")
    if not y.requires_grad:
        raise RecipeError(f"{differentiable} returns a result without a gradient.")
    try:
        torch.autograd.grad(y.sum(), x)
    except Exception as error:
        raise RecipeError(f"{differentiable} raises {custom.line_of(error)}") from error
