"""The question whether a picture is harder than MNIST: the claims of 2012, counted, and depth tried on both.

The author of 2012 said that an epoch of the picture was "182 times faster than MNIST", and that one very large hidden
layer solves MNIST, but not the picture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.arms import Picture, arm, digits_arm, facts
from sfumato.lab.digits import problem
from sfumato.lab.digits.data import Digits
from sfumato.lab.plan import Arm, Plan, checked
from sfumato.lab.questions.deep_vs_shallow import arms_of
from sfumato.lab.rates import Tuning
from sfumato.recipe import Model, Recipe, changed
from sfumato.recipe.description import layers_of

NAME = "mnist-claim"

HELP = "the claims of 2012 about this task and MNIST, counted and timed; and whether depth helps on digits too"

PICTURE, DIGITS = "picture", "digits"
"""Names of the two experiments and of their folders."""

DEPTHS = (1, 4)

PARAMETERS = 8000
MNIST_PARAMETERS = 100_000
"""Default parameters for MNIST: with 784 inputs, 8000 would leave 10 units per layer."""

SEEDS = 10

# One recipe for both tasks: the initialization `random_hyperplanes` needs the plane of a picture, which digits lack.
# Adam treats every layer alike, so that no depth is favored.
DEFAULTS: dict[str, Any] = {
    "picture": {"max_side": 160},
    "model": {"init": "he"},
    "training": {"optimizer": "adam(lr=0.003)", "batch": 256},
    "budget": {"epochs": 20},
}
"""Changes to the default recipe where no recipe is given."""

MNIST_SAMPLES, MNIST_INPUTS, MNIST_OUTPUTS = 60_000, 784, 10
PIXELS, PICTURE_INPUTS, PICTURE_OUTPUTS = 300 * 429, 2, 3
WIDTHS = (300,) * 4
"""Widths of the hidden layers of 2012."""


def input_values() -> tuple[int, int]:
    """Return the input values of an epoch of MNIST and of the picture, which the claim counted."""
    return MNIST_INPUTS * MNIST_SAMPLES, PICTURE_INPUTS * PIXELS


def multiply_adds(recipe: Recipe) -> tuple[int, int]:
    """Return the multiply-adds of an epoch's forward passes, on MNIST and the picture, with the layers of 2012."""
    model = recipe.model.model_copy(update={"width": WIDTHS, "depth": len(WIDTHS)})
    sizes = ((MNIST_INPUTS, MNIST_OUTPUTS, MNIST_SAMPLES), (PICTURE_INPUTS, PICTURE_OUTPUTS, PIXELS))
    digits, picture = (
        samples * _multiply_adds_per_sample(model, inputs, outputs) for inputs, outputs, samples in sizes
    )
    return digits, picture


def _multiply_adds_per_sample(model: Model, inputs: int, outputs: int) -> int:
    encoding = model.encoding
    layers = layers_of(model, encoding.outputs(inputs), outputs)
    return encoding.multiply_adds(inputs) + sum(layer.weights for layer in layers)


def plans(
    recipe: Recipe,
    picture: Picture,
    digits: Digits,
    *,
    seeds: tuple[int, ...],
    tuning: Tuning | None,
    parameters: int | None = None,
) -> tuple[Plan, Plan]:
    """Return the plans on the picture and on digits: four hidden layers against one, one family of comparisons.

    Both train on equally many samples, as near as whole epochs come. ``parameters`` of every network: by default a
    number that suits the task. Raises RecipeError.
    """
    epochs = problem.checked(recipe).budget.epochs
    if epochs is None:
        raise RecipeError(
            "budget.epochs must be given, so that both tasks can train on equally many samples. Got none."
        )
    height, width, channels = picture.values.shape
    known = digits.facts()
    inputs, outputs = known["inputs"], known["outputs"]
    samples = epochs * height * width
    for_digits = changed(recipe, {"budget": {"epochs": max(1, round(samples / known["samples"]))}})

    def of_picture(name: str, recipe: Recipe, **words: str) -> Arm:
        return arm(name, recipe, channels, **words)

    def of_digits(name: str, recipe: Recipe, **words: str) -> Arm:
        return digits_arm(name, recipe, inputs, outputs, **words)

    on_picture = Plan(
        name=f"{NAME}-{PICTURE}",
        question="Does depth help on the picture, at the same number of parameters?",
        pictures=facts([picture]),
        arms=tuple(arms_of(recipe, DEPTHS, parameters or PARAMETERS, of_picture)),
        comparisons=((str(DEPTHS[1]), str(DEPTHS[0])),),
        seeds=seeds,
        tuning=tuning,
        beside=1,
    )
    size = parameters or (MNIST_PARAMETERS if inputs == MNIST_INPUTS else PARAMETERS)
    on_digits = replace(
        on_picture,
        name=f"{NAME}-{DIGITS}",
        question="Does depth help on digits, at the same number of parameters?",
        pictures=(known,),
        arms=tuple(arms_of(for_digits, DEPTHS, size, of_digits)),
        task="digits",
    )
    return checked(on_picture), checked(on_digits)
