from __future__ import annotations

import numpy as np
import pytest
import torch

from sfumato.training.engines.torch_state import flatten, unflatten


def test_round_trip_of_an_optimizer_s_state() -> None:
    nested = {
        "state": {0: {"step": torch.tensor(3.0), "old": [torch.arange(3), torch.ones(2, 2)], "loss": 0.1, "d": None}},
        "groups": [{"lr": 0.1, "nesterov": True, "params": [0, 1], "name": "x"}],
    }
    back = unflatten(flatten(nested))
    assert back["groups"] == nested["groups"]
    assert list(back["state"]) == [0]
    assert back["state"][0]["loss"] == 0.1
    assert torch.equal(back["state"][0]["old"][1], torch.ones(2, 2))
    assert back["state"][0]["step"].dtype == torch.float32


def test_arrays_are_copies() -> None:
    tensor = torch.zeros(3)
    arrays = flatten([tensor])
    tensor += 1
    assert not np.asarray(arrays["0"]).any()


def test_other_types_raise_type_error() -> None:
    with pytest.raises(TypeError, match="cannot save a object"):
        flatten({"a": object()})
