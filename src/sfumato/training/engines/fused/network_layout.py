"""The layout of a recipe's network in the fused engine, and its parameters as views of a block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.models import normalizations
from sfumato.models.filter_network import FilterNetwork
from sfumato.models.mlp import MLP
from sfumato.models.network import LayeredNetwork
from sfumato.recipe import choices
from sfumato.recipe.choices.normalizations import NO_NORMALIZATION
from sfumato.training.engines.compiled_activation import choices_of, compiled
from sfumato.training.engines.fused.layout import Layout


def activations_of(model: nn.Module) -> Sequence[choices.Activation] | None:
    """Return the activations of the hidden layers, or of their filters; None for a network of any other kind."""
    # Not a subclass, whose forward may differ, nor an activation that has no compiled derivative.
    if type(model) is MLP:
        return choices_of(model)
    return model.compiled_filters() if type(model) is FilterNetwork else None


def layout_of(
    model: LayeredNetwork,
    activations: Sequence[choices.Activation],
    *,
    normalization: choices.Normalization = NO_NORMALIZATION,
    dimensions: int = 0,
) -> Layout:
    """Return the layout of a network with these activations; ``dimensions`` as in `Layout`.

    Raise EngineError for an activation that has no compiled form.
    """
    linear = model.linear_layers()
    features = linear[0].in_features
    layout = Layout(
        [features, *(layer.out_features for layer in linear)],
        biases=linear[0].bias is not None,
        connections=model.connections,
        normalization=normalization,
        filters=features + 1 if isinstance(model, FilterNetwork) else 0,
        dimensions=dimensions,
    )
    layout.use_activations([compiled(each) for each in activations])
    return layout


def named_parameters(
    model: LayeredNetwork, layout: Layout, block: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Return views of the parameters of all layers, by the names of the network's ``state_dict``."""
    if isinstance(model, FilterNetwork):
        return _of_filters(model, layout, block)
    named: dict[str, NDArray[np.float32]] = {}
    linear = model.linear_layers()
    for k, layer in enumerate(linear):
        named[f"layers.{k}.weight"] = layout.weight(block, k)
        if layout.biases:
            named[f"layers.{k}.bias"] = layout.bias(block, k)
        if isinstance(model, MLP) and layout.further_rows(k) > 0:
            further = normalizations.shapes(model.normalization, k, layer.out_features, last=k == len(linear) - 1)
            named |= {name: layout.further(block, k)[number] for number, name in enumerate(further)}
    return named


def _of_filters(model: FilterNetwork, layout: Layout, block: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the same of a filter network. Its first layer is a filter; the others have filters in further rows."""
    named = {"filters.0.linear.weight": layout.weight(block, 0), "filters.0.linear.bias": layout.bias(block, 0)}
    for k in range(1, len(model.filters) + 1):
        named[f"layers.{k - 1}.weight"], named[f"layers.{k - 1}.bias"] = layout.weight(block, k), layout.bias(block, k)
        if k < len(model.filters):
            further = layout.further(block, k)
            named[f"filters.{k}.linear.weight"], named[f"filters.{k}.linear.bias"] = further[:-1].T, further[-1]
    return named
