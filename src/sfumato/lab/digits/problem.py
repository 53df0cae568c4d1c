"""Classification of digits as a problem: from the pixels of an image to one output per digit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.lab.digits.data import Part
from sfumato.recipe import Recipe, choices
from sfumato.training.samples import Samples
from sfumato.training.snapshot import Metrics


def checked(recipe: Recipe) -> Recipe:
    """Return the recipe, or raise RecipeError if it needs a picture."""
    model = recipe.model
    for holds, field, rule, value in (
        (model.module is None, "model.module", "none", model.module),
        (model.encoding.dimensions is None, "model.encoding", "an encoding of any number of inputs", model.encoding),
        (not model.init.needs_picture, "model.init", f"any but {model.init.name}, which needs a picture,", model.init),
        (isinstance(recipe.data.split, choices.NoSplit), "data.split", "none", recipe.data.split),
        (not recipe.training.loss.of_pictures, "training.loss", "one of samples", recipe.training.loss),
        (
            not recipe.training.sampler.needs_plane,
            "training.sampler",
            "one that does not combine neighboring pixels",
            recipe.training.sampler,
        ),
        (recipe.engine != "replica", "engine", "any but replica", recipe.engine),
    ):
        if not holds:
            raise RecipeError(f"{field} must be {rule} for digits. Got {value}.")
    return recipe


def build(recipe: Recipe, inputs: int, outputs: int) -> models.LayeredNetwork:
    """Return the network of a resolved recipe, initialized as a network for pictures is."""
    dtype = models.DTYPES[recipe.dtype]
    return models.network(recipe.model, outputs, recipe.seed, dtype, recipe.coordinates, inputs)


@dataclass(frozen=True)
class DigitMetrics(Metrics):
    """Metrics of the validation digits."""

    accuracy: float
    """Percent of the digits whose largest output is that of their label."""

    def named(self) -> dict[str, float]:
        """Return the metrics by name, as `Metrics.named`."""
        return {**super().named(), "accuracy": self.accuracy}


class DigitProblem(Samples):
    """A problem with a training set and a validation set of digits."""

    def __init__(self, training: Part, validation: Part) -> None:
        inputs, others = training.inputs.astype(np.float64), validation.inputs.astype(np.float64)
        super().__init__(inputs, training.targets, (others, validation.targets))
        self._labels = validation.labels

    def network(self, recipe: Recipe) -> models.LayeredNetwork:
        """Return the network, as `Problem.network`."""
        return build(recipe, self.inputs.shape[1], self.targets.shape[1])

    def metrics(self, outputs: NDArray[np.floating], targets: NDArray[np.float64]) -> DigitMetrics:
        """Return the metrics, as `Samples.metrics`, of the validation digits."""
        errors = super().metrics(outputs, targets)
        accuracy = 100 * float(np.mean(outputs.argmax(axis=1) == self._labels))
        return DigitMetrics(mse=errors.mse, psnr=errors.psnr, accuracy=accuracy)
