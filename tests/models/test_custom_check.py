"""Requirements on custom networks are checked before training, and the network is not changed."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models.custom import check, materialized


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 3, dtype=torch.complex64))

    def forward(self, x: Tensor) -> Tensor:
        return (x.to(self.weight.dtype) @ self.weight).abs()


class Transformed(nn.Module):
    """Linear layer whose outputs pass through a function."""

    def __init__(self, transform: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.transform = transform

    def forward(self, x: Tensor) -> Any:
        return self.transform(self.layer(x))


def normed() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(nn.Linear(2, 3))


INVALID: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "complex parameters": (Complex, "whose weight is complex; use two parameters"),
    "half precision": (lambda: nn.Linear(2, 3).half(), "whose weight is float16; convert it first: net.float()"),
    "nothing to train": (lambda: nn.Linear(2, 3).requires_grad_(False), "must have parameters to train"),
    "a tuple": (lambda: Transformed(lambda outputs: (outputs, 1)), "returns tuple for 3 samples"),
    "integers": (lambda: Transformed(lambda outputs: outputs.long()), "returns int64"),
    "complex outputs": (lambda: Transformed(lambda outputs: outputs + 1j), "returns complex64"),
    "a squeezed sample": (
        lambda: Transformed(lambda outputs: outputs.squeeze(0)),
        "shape (3,) for 1 sample",
    ),
    "another number of channels": (lambda: nn.Linear(2, 4), "returns shape (3, 4) for 3 samples"),
    "no copies": (normed, "copy.deepcopy can copy"),
    "other inputs": (lambda: nn.Linear(5, 3), "raises RuntimeError"),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_network_is_rejected_and_unchanged(case: str) -> None:
    make, message = INVALID[case]
    module = make()
    before, modes = copy.deepcopy(module.state_dict()), [each.training for each in module.modules()]
    random_state = torch.get_rng_state()
    with pytest.raises(RecipeError) as caught:
        check(module, 3)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
        assert value.dtype == before[name].dtype
    assert [each.training for each in module.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random_state)


def test_lazy_layers_are_materialized_in_a_copy_and_can_be_trained() -> None:
    module = nn.Sequential(nn.LazyLinear(4), nn.Tanh(), nn.LazyLinear(3))
    check(module, 3)
    assert isinstance(module[0].weight, nn.UninitializedParameter)
    one, other = materialized(copy.deepcopy(module), 5), materialized(copy.deepcopy(module), 5)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    one(torch.zeros(2, 2)).sum().backward()


def test_frozen_layers_keep_their_mode() -> None:
    module = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    module[1].eval()
    check(module, 3)
    models.outputs(module, torch.zeros(3, 2).numpy())
    assert [each.training for each in module] == [True, False, True]
    assert module.training


def test_outputs_create_no_inference_tensors() -> None:
    stored: list[Tensor] = []

    def store(outputs: Tensor) -> Tensor:
        stored.append(outputs)
        return outputs

    models.outputs(Transformed(store), torch.zeros(3, 2, dtype=torch.float64).numpy())
    assert not stored[0].is_inference()


def test_complex_buffers_preserve_their_imaginary_part() -> None:
    module = nn.Linear(2, 3)
    module.register_buffer("waves", torch.full((2,), 1j, dtype=torch.complex64))
    models.to_device(module, torch.device("cpu"), torch.float64)
    assert module.weight.dtype == torch.float64
    assert module.get_buffer("waves").dtype == torch.complex128
    assert module.get_buffer("waves")[0] == 1j


def test_integer_parameters_do_not_decide_the_dtype() -> None:
    module = nn.Linear(2, 3)
    module.register_parameter("codes", nn.Parameter(torch.zeros(2, dtype=torch.int8), requires_grad=False))
    module._parameters = dict(reversed(module._parameters.items()))
    check(module, 3)
    assert models.outputs(module, torch.rand(4, 2, dtype=torch.float64).numpy()).shape == (4, 3)


def test_lazy_layers_that_cannot_be_copied_are_rejected_before_they_are_materialized() -> None:
    module = nn.Sequential(nn.LazyBatchNorm1d(), nn.Linear(2, 3))
    with pytest.raises(RecipeError, match=r"give its lazy layers their sizes first: net\(torch.zeros\(2, 2\)\)"):
        check(module, 3)
    assert isinstance(module[0], nn.LazyBatchNorm1d)


def test_unwrap_removes_wrappers() -> None:
    module = nn.Sequential(nn.Linear(2, 3))
    assert models.unwrap(nn.DataParallel(module)) is module
    compiled = nn.Sequential()
    # torch.compile wraps a module like this; importing the compiler takes seconds.
    compiled._orig_mod = module
    assert models.unwrap(compiled) is module
    assert models.name_of(nn.DataParallel(module)) == models.name_of(module)
