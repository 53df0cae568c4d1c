from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato import models
from sfumato.recipe import Recipe, changed
from sfumato.training.health.layer_probe import LayerProbe
from tests.small import picture

RECIPE = changed(Recipe(), {"model": {"depth": 2, "width": 8}})


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}


def test_the_given_weights_are_measured_and_the_model_is_unchanged() -> None:
    model = models.build(RECIPE.model, 3, 0)
    before = copy.deepcopy(model.state_dict())
    probe = LayerProbe(RECIPE, picture(40, 30), model)
    one = probe.stats(weights_of(model))
    other = probe.stats({name: value * 2 for name, value in weights_of(model).items()})
    assert one is not None
    assert other is not None
    assert one.layers[0].activation_spread < other.layers[0].activation_spread
    assert one.layers[0].stable_rank == pytest.approx(other.layers[0].stable_rank)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert probe.stats(weights_of(model)) == one


def test_mse_and_ranges_are_those_of_the_pixels() -> None:
    model = models.build(RECIPE.model, 3, 0)
    target = picture(20, 15)
    found = LayerProbe(RECIPE, target, model).stats(weights_of(model))
    assert found is not None
    painting = models.outputs(model, models.grid(RECIPE.coordinates, 20, 15)).reshape(20, 15, 3)
    assert found.pixels == 300
    assert found.mse == pytest.approx(((painting - target) ** 2).mean(), rel=1e-5)
    assert found.mean_color_mse == pytest.approx(target.reshape(-1, 3).var(axis=0).mean(), rel=1e-5)
    assert (found.output.low, found.output.high) == pytest.approx((painting.min(), painting.max()), rel=1e-5)
    assert (found.picture.low, found.picture.high) == (target.min(), target.max())


def test_as_json_has_no_values_that_are_not_finite() -> None:
    model = models.build(RECIPE.model, 3, 0)
    broken = {name: value * np.float32(np.nan) for name, value in weights_of(model).items()}
    found = LayerProbe(RECIPE, picture(), model).stats(broken)
    assert found is not None
    data = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert data["layers"]["name"] == ["layers.0", "layers.1", "layers.2"]
    assert data["layers"]["gradient_norm"] == [None, None, None]
    assert data["output"]["low"] is None
    assert set(data) == {"layers", "output", "picture", "saturated_output"}


class Noisy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + 0.1 * torch.randn(3)


class NotCopyable(Noisy):
    def __deepcopy__(self, memo: object) -> NotCopyable:
        raise RuntimeError("there is one of me")


CUSTOM = changed(RECIPE, {"model": {"module": "nets:Noisy"}})


def test_a_custom_module_does_not_change_the_random_state() -> None:
    model = Noisy()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assert LayerProbe(CUSTOM, picture(), model).stats(weights_of(model)) is not None
    assert torch.equal(torch.rand(2), expected)


def test_a_module_that_cannot_be_copied_has_no_statistics() -> None:
    model = NotCopyable()
    assert LayerProbe(CUSTOM, picture(), model).stats(weights_of(model)) is None
