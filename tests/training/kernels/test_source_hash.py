"""Tests that cached functions are compiled again when any file that is compiled into them changes."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from numba import njit

from sfumato.training.engines.fused import kernel
from sfumato.training.engines.online import step as online
from sfumato.training.kernels.source_hash import source_hash

FILES = {
    "component": "import math\nfrom numba import njit\nimport {by_module}\nfrom {by_name} import helped\n"
    "@njit\ndef inner(x):\n    return helped(x) + math.sin(x)\n"
    "def update(x):\n    def nested(y):\n        return {by_module}.added(y)\n    return inner(nested(x))\n",
    "by_module": "def added(x):\n    return x + 1\n",
    "by_name": "from numba import njit\nfrom {deeper} import deep\n@njit\ndef helped(x):\n    return deep(x)\n",
    "deeper": "from numba.extending import register_jitable\n@register_jitable\ndef deep(x):\n    return x\n",
    "unused": "",
}
numbers = itertools.count()
CONSTANT, PAIR = 1.0, (1, 2)
FLAGS: set[str] = {"nsz"}


@pytest.mark.parametrize("changed", FILES)
def test_a_change_of_any_compiled_file_changes_the_hash(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next(numbers)
    names = {name: f"hashed_{name}_{number}" for name in FILES}
    for name, text in FILES.items():
        (tmp_path / f"{names[name]}.py").write_text(text.format(**names))
    monkeypatch.syspath_prepend(tmp_path)
    update = importlib.import_module(names["component"]).update
    importlib.import_module(names["unused"])
    before = source_hash(update)
    assert source_hash(update) == before
    with (tmp_path / f"{names[changed]}.py").open("a") as file:
        file.write("# another line\n")
    assert (source_hash(update) != before) == (changed != "unused")


@pytest.mark.parametrize("changed", ["CONSTANT", "PAIR", "FLAGS"])
def test_constants_of_other_files_change_the_hash(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def update(x: float) -> float:
        return inner(x) * CONSTANT + PAIR[1]

    inner: Any = njit(fastmath=FLAGS)(lambda x: x)
    before = source_hash(update)
    monkeypatch.setitem(globals(), changed, {"CONSTANT": 2.0, "PAIR": (1, 3), "FLAGS": {"contract"}}[changed])
    inner = njit(fastmath=FLAGS)(inner.py_func)
    assert source_hash(update) != before


def modules_of(monkeypatch: pytest.MonkeyPatch, *functions: Any) -> set[str]:
    """Return the names of the modules on whose source the hash of these functions depends."""
    found: set[str] = set()

    def module_hash(*modules: ModuleType) -> int:
        found.update(module.__name__ for module in modules)
        return 0

    monkeypatch.setattr("sfumato.training.kernels.source_hash.module_hash", module_hash)
    source_hash(*functions)
    return found


def test_the_hash_of_the_online_kernel_covers_all_modules_compiled_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert modules_of(monkeypatch, online.sample_inputs, online.forward, online.output_errors, online.backward) == {
        "sfumato.training.engines.online.step",
        *(f"sfumato.training.engines.{name}" for name in ("barrier", "compiled_activation", "compiled_loss")),
        *(f"sfumato.training.kernels.{name}" for name in ("jit", "memory", "vector_code", "vector_loops")),
    }


def test_the_kernels_hash_covers_all_modules_compiled_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engines, kernels = "sfumato.training.engines", "sfumato.training.kernels"
    fused = (
        *("encoder", "forward_backward", "kernel", "layer_norm", "optimizer_calls", "reduction"),
        *("thread_context", "weight_norm"),
    )
    assert modules_of(monkeypatch, kernel.gradients, kernel.update) == {
        *(f"{engines}.fused.{name}" for name in fused),
        *(f"{engines}.{name}" for name in ("barrier", "compiled_activation", "compiled_loss")),
        *(f"{kernels}.{name}" for name in ("jit", "memory", "products", "vectors")),
    }
