"""Which engine is chosen, and why another cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest
import torch

from sfumato.errors import EngineError
from sfumato.recipe import EngineName, Recipe, changed, engine_memory, engines
from sfumato.training import resolve
from sfumato.training.engines import choose, unsupported_reasons

CUDA_ALONE = engines.EngineSpec(
    "graphics", "somewhere:Else", engine_memory.TILED, {"training.batch": engines.exactly(64)}, devices=("cuda",)
)


@pytest.fixture
def with_another() -> Iterator[None]:
    """An engine for CUDA devices alone, the first that ``auto`` tries."""
    others = dict(engines.ENGINES)
    engines.ENGINES.clear()
    engines.ENGINES.update({CUDA_ALONE.name: CUDA_ALONE, **others})
    yield
    # In the order in which they were.
    engines.ENGINES.clear()
    engines.ENGINES.update(others)


def recipe_of(device: str = "auto", batch: int = 64) -> Recipe:
    return changed(Recipe(), {"training": {"batch": batch}, "device": device})


def test_a_recipe_may_name_every_engine() -> None:
    assert set(get_args(EngineName)) == {"auto", *engines.ENGINES}


@pytest.mark.parametrize("present", [True, False])
def test_one_for_cuda_alone_is_taken_where_there_is_such_a_device(
    present: bool, with_another: None, monkeypatch: pytest.MonkeyPatch
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


def test_every_reason_is_told(with_another: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert unsupported_reasons("graphics", recipe_of(device="cpu", batch=32)) == [
        "training.batch must be 64. Got 32.",
        "device must be cuda. Got cpu.",
        "engine must be another on this machine, which has no CUDA device. Got graphics.",
    ]
    assert unsupported_reasons("fused", recipe_of(device="cuda")) == ["device must be cpu. Got cuda."]
