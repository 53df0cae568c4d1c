"""Tests of the choice of an engine, and of the reasons against others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest
import torch

from sfumato.errors import EngineError
from sfumato.recipe import EngineName, Recipe, changed, engine_memory, engines
from sfumato.training import resolve
from sfumato.training.engines import choose, unsupported_reasons

CUDA_ONLY = engines.EngineSpec(
    "graphics", "somewhere:Else", engine_memory.TILED, {"training.batch": engines.exactly(64)}, devices=("cuda",)
)


@pytest.fixture
def cuda_engine() -> Iterator[None]:
    """Register an engine for CUDA devices only, as the first that ``auto`` tries."""
    others = dict(engines.ENGINES)
    engines.ENGINES.clear()
    engines.ENGINES.update({CUDA_ONLY.name: CUDA_ONLY, **others})
    yield
    # Restored in the original order.
    engines.ENGINES.clear()
    engines.ENGINES.update(others)


def recipe_of(device: str = "auto", batch: int = 64) -> Recipe:
    return changed(Recipe(), {"training": {"batch": batch}, "device": device})


def test_a_recipe_may_name_every_engine() -> None:
    assert set(get_args(EngineName)) == {"auto", *engines.ENGINES}


@pytest.mark.parametrize("present", [True, False])
def test_an_engine_for_cuda_only_is_chosen_if_there_is_a_device(
    present: bool, cuda_engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    assert choose(recipe_of()) == ("graphics" if present else "fused")
    resolved = resolve(recipe_of(batch=32))
    assert (resolved.engine, resolved.device) == ("fused", "cpu")
    assert choose(recipe_of(device="cpu")) == "fused"
    if present:
        assert (resolve(recipe_of()).engine, resolve(recipe_of()).device) == ("graphics", "cuda")
        assert choose(recipe_of(device="cuda")) == "graphics"
        assert choose(recipe_of(device="cuda", batch=32)) == "autograd"
    else:
        with pytest.raises(EngineError, match="device must be cpu on this machine, which has no CUDA device"):
            choose(recipe_of(device="cuda"))


def test_all_reasons_are_listed(cuda_engine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert unsupported_reasons("graphics", recipe_of(device="cpu", batch=32)) == [
        "training.batch must be 64. Got 32.",
        "device must be cuda. Got cpu.",
        "engine must be another on this machine, which has no CUDA device. Got graphics.",
    ]
    assert unsupported_reasons("fused", recipe_of(device="cuda")) == ["device must be cpu. Got cuda."]
