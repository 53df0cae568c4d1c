"""What a recipe comes to, in numbers: the size and the cost of its network, and how far its budget reaches."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.errors import RecipeError
from sfumato.recipe.batching import Batching
from sfumato.recipe.engines import ENGINES
from sfumato.recipe.layers import LinearLayer
from sfumato.recipe.model import Model
from sfumato.recipe.recipe import Recipe

CHANNELS = {"gray": 1, "rgb": 3, "rgba": 4, "auto": 3}
"""Colors that the network answers with; for ``auto`` those of most pictures."""

DEFAULT_PIXELS = (300, 429)
"""Width and height of the picture of 2012."""

TRAINING_PER_FORWARD = 3
"""The backward pass takes about two products of a layer's size where the forward pass takes one."""


@dataclass(frozen=True)
class Reach:
    """How far the budget's epochs and steps reach, whichever end first; None where only time or PSNR ends the run."""

    batching: Batching
    steps: int | None
    epochs: float | None
    samples: int | None
    """Pixels shown in all."""


@dataclass(frozen=True)
class Description:
    """The network of a recipe. Nothing is built for it."""

    recipe: Recipe
    layers: tuple[LinearLayer, ...]
    encoded: int
    """Features that come out of the encoding, the inputs of the first layer."""

    @property
    def channels(self) -> int:
        """Outputs."""
        return self.layers[-1].units

    @property
    def parameters(self) -> int:
        """All trained numbers."""
        return self.recipe.model.encoding.parameters() + sum(layer.parameters for layer in self.layers)

    @property
    def bytes_per_number(self) -> int:
        """8 in float64, else 4."""
        dtype, engine = self.recipe.dtype, self.recipe.engine
        own = "float32" if engine == "auto" else ENGINES[engine].dtype
        return 8 if (own if dtype == "auto" else dtype) == "float64" else 4

    @property
    def multiply_adds(self) -> int:
        """Of one sample's way through the network: of its linear layers and of the encoding's product."""
        return self.recipe.model.encoding.multiply_adds() + sum(layer.weights for layer in self.layers)

    @property
    def activations(self) -> int:
        """Outputs of hidden units of one sample, which training keeps for its way back."""
        return sum(layer.units for layer in self.layers[:-1])

    def reach(self, width: int, height: int) -> Reach:
        """What the budget comes to on a picture of so many pixels."""
        training, budget = self.recipe.training, self.recipe.budget
        pixels = width * height - round(self.recipe.data.split * width * height)
        batching = Batching.of(training.batch, pixels)
        steps = batching.last_step(budget)
        if steps is None:
            return Reach(batching, None, None, None)
        samples = batching.samples_after(steps)
        return Reach(batching, steps, samples / pixels, samples)


def describe(recipe: Recipe) -> Description:
    """The numbers of a recipe's network. Raises RecipeError for a network of the user's own."""
    model = recipe.model
    if model.module is not None:
        raise RecipeError(
            f"model.module must be none to be described: only building it can tell. Got {model.module!r}."
        )
    encoded = model.encoding.outputs()
    return Description(recipe, layers_of(model, encoded, CHANNELS[recipe.picture.channels]), encoded)


def layers_of(model: Model, inputs: int, outputs: int) -> tuple[LinearLayer, ...]:
    """The linear layers of a recipe's own network with so many inputs, encoded if they are, and outputs."""
    fan_ins = model.connections.fan_ins(inputs, model.widths)
    units = [*model.widths, outputs]
    return tuple(LinearLayer(fan_in, count, model.biases) for fan_in, count in zip(fan_ins, units, strict=True))


def pixels_of(recipe: Recipe) -> tuple[int, int]:
    """(width, height) that a picture of the default size gets by the recipe's own settings."""
    width, height = recipe.picture.width_height or DEFAULT_PIXELS
    most = recipe.picture.max_side
    if most is None or max(width, height) <= most:
        return width, height
    longer = max(width, height)
    return max(round(width * most / longer), 1), max(round(height * most / longer), 1)
