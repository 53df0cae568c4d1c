"""A recipe in numbers: the size and the cost of its network, and the steps and epochs of its budget."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sfumato.errors import RecipeError
from sfumato.recipe import choices
from sfumato.recipe.budget import Batching
from sfumato.recipe.choices.encodings import COORDINATES
from sfumato.recipe.engines import ENGINES
from sfumato.recipe.layers import LinearLayer
from sfumato.recipe.model import Model
from sfumato.recipe.recipe import Recipe

CHANNELS = {"gray": 1, "rgb": 3, "rgba": 4, "auto": 3}
"""Number of output channels; for ``auto`` that of most pictures."""

DEFAULT_PIXELS = (300, 429)
"""Width and height of the picture of 2012."""

TRAINING_PER_FORWARD = 3
"""Cost of a training step in forward passes: backward takes about two products of a layer's size, forward one."""


@dataclass(frozen=True)
class Reach:
    """Length of a training by its budget's epochs and steps; None where only seconds or PSNR end the run."""

    batching: Batching
    steps: int | None
    epochs: float | None
    samples: int | None
    """Total number of samples."""


@dataclass(frozen=True)
class Description:
    """Size and cost of a recipe's network, computed without building it."""

    recipe: Recipe
    layers: tuple[LinearLayer, ...]
    encoded: int
    """Number of features that the encoding makes: the inputs of the first layer."""

    @property
    def channels(self) -> int:
        """Number of outputs."""
        return self.layers[-1].units

    @property
    def parameters(self) -> int:
        """Number of trained parameters."""
        return self.recipe.model.encoding.parameters(COORDINATES) + sum(layer.parameters for layer in self.layers)

    @property
    def bytes_per_number(self) -> int:
        """Bytes per number: 8 in float64, else 4."""
        dtype, engine = self.recipe.dtype, self.recipe.engine
        default = "float32" if engine == "auto" else ENGINES[engine].dtype
        return 8 if (default if dtype == "auto" else dtype) == "float64" else 4

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one sample's forward pass: those of the layers and of the encoding."""
        return self.recipe.model.encoding.multiply_adds(COORDINATES) + sum(layer.multiply_adds for layer in self.layers)

    @property
    def activations(self) -> int:
        """Number of hidden-unit outputs of one sample, which training stores for the backward pass."""
        return sum(layer.units for layer in self.layers[:-1])

    def reach(self, width: int, height: int) -> Reach:
        """Return the length of the training on a picture of ``width`` x ``height`` pixels."""
        training, budget = self.recipe.training, self.recipe.budget
        pixels = self.recipe.data.split.samples(height, width)
        batching = Batching.of(training.batch, pixels)
        steps = batching.last_step(budget)
        if steps is None:
            return Reach(batching, None, None, None)
        samples = batching.samples_after(steps)
        return Reach(batching, steps, samples / pixels, samples)


def describe(recipe: Recipe) -> Description:
    """Describe a recipe's network. Raises RecipeError for a custom network."""
    model = recipe.model
    if model.module is not None:
        raise RecipeError(
            "model.module must be none: the size of a custom network is not known before it is built. "
            f"Got {model.module!r}."
        )
    encoded = model.encoding.outputs(COORDINATES)
    return Description(recipe, layers_of(model, encoded, CHANNELS[recipe.picture.channels]), encoded)


def layers_of(model: Model, inputs: int, outputs: int) -> tuple[LinearLayer, ...]:
    """Return the linear layers of a recipe's MLP; ``inputs`` counts the features after the encoding."""
    fan_ins = model.connections.fan_ins(inputs, model.widths)
    units, per_unit = [*model.widths, outputs], [model.normalization.per_unit] * len(model.widths)
    per_unit.append(model.normalization.per_unit if model.normalization.includes_output else 0)
    layers = tuple(
        LinearLayer(fan_in, count, model.biases, more)
        for fan_in, count, more in zip(fan_ins, units, per_unit, strict=True)
    )
    if isinstance(model.connectivity, choices.FilterConnectivity):
        return _filtered(layers, model.connectivity, inputs, outputs)
    if model.is_complex:
        return _complex(layers)
    if isinstance(model.connectivity, choices.BasisConnectivity):
        functions = model.connectivity.functions
        return tuple(replace(layer, inputs=layer.inputs * functions, biases=False) for layer in layers)
    return layers


def _complex(layers: tuple[LinearLayer, ...]) -> tuple[LinearLayer, ...]:
    """Return the layers of a network of complex hidden units, whose weights after the first layer are pairs."""
    first, *hidden, last = layers
    pairs = [replace(layer, units=2 * layer.units, further_multiply_adds=2 * layer.weights) for layer in hidden]
    return (first, *pairs, replace(last, inputs=2 * last.inputs))


def _filtered(
    layers: tuple[LinearLayer, ...], connectivity: choices.FilterConnectivity, features: int, outputs: int
) -> tuple[LinearLayer, ...]:
    """Return the layers with their units' filters, and with the outputs that hidden layers have while training.

    The weights and biases of the first hidden layer, a filter alone, are frequencies and phases.
    """
    found: list[LinearLayer] = []
    *hidden, last = layers
    for number, layer in enumerate(hidden):
        per_unit, multiply_adds = connectivity.trained_numbers(features), connectivity.multiply_adds(features)
        head = connectivity.has_outputs_at_all_scales and 0 < number < len(hidden) - 1
        if number == 0:
            # The layer's weights and biases are frequencies and phases; fixed frequencies are not trained.
            per_unit, multiply_adds = per_unit - features - 1, multiply_adds - features
        found.append(
            replace(
                layer,
                per_unit=per_unit,
                further=outputs * (layer.units + 1) if head else 0,
                further_multiply_adds=layer.units * multiply_adds,
            )
        )
    return (*found, last)


def pixels_of(recipe: Recipe) -> tuple[int, int]:
    """Return the (width, height) that the recipe's settings give to a picture of the default size."""
    width, height = recipe.picture.width_height or DEFAULT_PIXELS
    max_side = recipe.picture.max_side
    longer = max(width, height)
    if max_side is None or longer <= max_side:
        return width, height
    return max(round(width * max_side / longer), 1), max(round(height * max_side / longer), 1)
