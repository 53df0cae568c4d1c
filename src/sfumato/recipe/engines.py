"""The engines as data: what each one can train. Nothing of an engine is imported to ask.

An engine lists what it can do, never what it cannot: a component that is added later is refused by name until the
engine's list, or what the component says about itself, has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sfumato.recipe import choices, engine_memory
from sfumato.recipe.choices.choice import Choice
from sfumato.recipe.engine_memory import EngineMemory
from sfumato.recipe.recipe import Recipe


@dataclass(frozen=True)
class Rule:
    """What a field of the recipe must be."""

    accepts: Callable[[Any], bool]
    """Whether a value of the field can be trained."""
    rule: str
    """The same in words, after "must be"."""


@dataclass(frozen=True)
class EngineSpec:
    """What an engine is and what it can train."""

    name: str
    implementation: str
    """``module:class``."""
    memory: EngineMemory
    """What it takes while it trains."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """By the dotted name of the recipe's field. Fields without a rule may have any value."""
    auto: bool = True
    """Whether ``engine="auto"`` may choose it; the first in the order of `ENGINES` that can is taken."""
    compiled: bool = True
    """Whether it is compiled by Numba, and computes outside Python's lock."""
    single_threaded: bool = False
    """Whether it trains a network on one thread, whatever the recipe says."""
    dtype: Literal["float32", "float64"] = "float32"
    """What ``dtype="auto"`` comes to."""
    devices: tuple[Literal["cpu", "cuda"], ...] = ("cpu",)
    """Where it computes; ``device="auto"`` comes to CUDA where that is listed and the machine has it."""

    def unsupported(self, recipe: Recipe) -> list[str]:
        """One sentence for every field that this engine cannot train; ``auto`` is never a reason."""
        found: list[str] = []
        for name, rule in self.rules.items():
            value: Any = recipe
            for part in name.split("."):
                value = getattr(value, part)
            if value != "auto" and not rule.accepts(value):
                found.append(f"{name} must be {rule.rule}. Got {'none' if value is None else _written(value)}.")
        if recipe.device not in ("auto", *self.devices):
            found.append(f"device must be {_listed(list(self.devices))}. Got {recipe.device}.")
        return found


def one_of(*kinds: type[Choice]) -> Rule:
    """Members of a family by their types."""
    return Rule(lambda value: type(value) in kinds, _listed([kind.name for kind in kinds]))


def compiled(family: type[choices.Activation] | type[choices.Loss] | type[choices.Optimizer]) -> Rule:
    """Members that say that they have a compiled form."""
    return Rule(lambda value: bool(value.compiled), f"one that is compiled ({_compiled_names(family)})")


def exactly(value: Any) -> Rule:
    """One value."""
    return Rule(lambda given: given == value, _written(value))


def _compiled_names(family: type[Any]) -> str:
    return _listed([name for name, member in family.members.items() if member.compiled])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_plain_sgd(optimizer: choices.Optimizer) -> bool:
    return type(optimizer) is choices.SGD and optimizer.momentum == 0 and not optimizer.nesterov


_OWN_NETWORK = {"model.module": Rule(lambda module: module is None, "none")}
_MLP = {
    **_OWN_NETWORK,
    "model.activation": compiled(choices.Activation),
    "training.loss": compiled(choices.Loss),
    "dtype": exactly("float32"),
}
_FUSED = {
    "training.batch": Rule(lambda batch: batch != 1, "2 or more"),
    "training.optimizer": compiled(choices.Optimizer),
    "model.connectivity": one_of(choices.Plain, choices.Residual, choices.Skip),
    # Without parameters it is computed once, before the first step.
    "model.encoding": Rule(
        lambda encoding: not encoding.trainable or bool(encoding.compiled), "one that is not trained, or compiled"
    ),
    **_MLP,
}

FUSED = EngineSpec("fused", "sfumato.training.engines.fused.engine:Fused", engine_memory.TILED, _FUSED)
ONLINE = EngineSpec(
    "online",
    "sfumato.training.engines.online:Online",
    engine_memory.ONLINE,
    {
        "training.batch": exactly(1),
        "training.optimizer": Rule(_is_plain_sgd, "sgd without momentum"),
        "model.connectivity": one_of(choices.Plain),
        "model.encoding": Rule(lambda encoding: not encoding.trainable, "one that is not trained"),
        **_MLP,
    },
)
AUTOGRAD = EngineSpec(
    "autograd",
    "sfumato.training.engines.autograd:Autograd",
    engine_memory.AUTOGRAD,
    compiled=False,
    devices=("cpu", "cuda"),
)
CONCURRENT = EngineSpec(
    "concurrent",
    "sfumato.training.engines.concurrent:Concurrent",
    engine_memory.TILED,
    _FUSED,
    auto=False,
    single_threaded=True,
)
REPLICA = EngineSpec(
    "replica",
    "sfumato.training.engines.replica:Replica",
    engine_memory.REPLICA,
    {
        "training.batch": exactly(1),
        "training.sampler": one_of(choices.Shuffled),
        "training.optimizer": Rule(
            lambda sgd: _is_plain_sgd(sgd) and sgd.fan_in_scaling, "sgd(fan_in_scaling=true) without momentum"
        ),
        "training.schedule": exactly(choices.Constant()),
        "training.loss": one_of(choices.MSE),
        "data.split": exactly(0),
        "model.activation": one_of(choices.LeakyReLU),
        **_OWN_NETWORK,
        "model.output_activation": exactly("linear"),
        "model.connectivity": one_of(choices.Plain),
        "model.encoding": one_of(choices.Identity),
        "model.init": one_of(choices.Gaussian),
        "model.biases": exactly(True),
        "coordinates.range": exactly("unit"),
        "coordinates.align_corners": exactly(True),
        "dtype": exactly("float64"),
    },
    auto=False,
    single_threaded=True,
    dtype="float64",
)

ENGINES = {spec.name: spec for spec in (FUSED, ONLINE, AUTOGRAD, CONCURRENT, REPLICA)}
"""Every engine by its name, in the order in which ``auto`` tries them."""


def auto(recipe: Recipe) -> EngineSpec:
    """The engine that trains the recipe, by its own word or by ``auto``; whether this machine has what that needs is
    another question (`sfumato.training.engines.choose`)."""
    if recipe.engine != "auto":
        return ENGINES[recipe.engine]
    return next(spec for spec in ENGINES.values() if spec.auto and not spec.unsupported(recipe))
