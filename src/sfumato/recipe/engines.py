"""The engines as data: the recipes that each one can train. No engine is imported for that.

An engine lists what it can do, never what it cannot: a component that is added later is rejected by name until the
engine's list, or the component's own facts, include it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sfumato.formatting import shortened
from sfumato.recipe import choices, engine_memory
from sfumato.recipe.choices.choice import Choice
from sfumato.recipe.engine_memory import EngineMemory
from sfumato.recipe.recipe import Recipe


@dataclass(frozen=True)
class Rule:
    """A requirement on a field of the recipe."""

    accepts: Callable[[Any], bool]
    """Function that tells whether a value of the field can be trained."""
    rule: str
    """The requirement in words, after "must be"."""


@dataclass(frozen=True)
class EngineSpec:
    """Properties of an engine and the recipes that it can train."""

    name: str
    implementation: str
    """The engine's ``module:class``."""
    memory: EngineMemory
    """Memory that it allocates for training."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """Rules by the dotted name of the recipe's field. Fields without a rule may have any value."""
    auto: bool = True
    """Whether ``engine="auto"`` may choose it: the first in the order of `ENGINES` that supports the recipe."""
    compiled: bool = True
    """Whether it is compiled by Numba and releases Python's global interpreter lock."""
    single_threaded: bool = False
    """Whether it trains a network on one thread, whatever the recipe says."""
    dtype: Literal["float32", "float64"] = "float32"
    """The data type that ``dtype="auto"`` selects."""
    devices: tuple[Literal["cpu", "cuda"], ...] = ("cpu",)
    """Supported devices; ``device="auto"`` selects CUDA where that is listed and the machine has it."""

    def unsupported(self, recipe: Recipe) -> list[str]:
        """Return one sentence for every field that this engine cannot train; ``auto`` is never a reason."""
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
    """Return a rule that accepts members of a family by their types."""
    return Rule(lambda value: type(value) in kinds, _listed([kind.name for kind in kinds]))


def compiled(family: type[choices.Activation] | type[choices.Loss] | type[choices.Optimizer]) -> Rule:
    """Return a rule that accepts the members of a family that have a compiled form."""
    rule = f"one that is compiled ({_compiled_names(family)})"
    # A value may be a list, with a member for each layer.
    return Rule(lambda value: all(each.compiled for each in (value if isinstance(value, tuple) else (value,))), rule)


def exactly(value: Any) -> Rule:
    """Return a rule that accepts one value."""
    return Rule(lambda given: given == value, _written(value))


def _compiled_names(family: type[Any]) -> str:
    return _listed([name for name, member in family.members.items() if member.compiled])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return shortened(",".join(map(str, value)))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_plain_sgd(optimizer: choices.Optimizer) -> bool:
    return type(optimizer) is choices.SGD and optimizer.momentum == 0 and not optimizer.nesterov


_NO_CUSTOM_NETWORK = {"model.module": Rule(lambda module: module is None, "none")}
_MLP = {
    **_NO_CUSTOM_NETWORK,
    "model.activation": compiled(choices.Activation),
    "training.loss": compiled(choices.Loss),
    "dtype": exactly("float32"),
}
_FUSED = {
    "training.batch": Rule(lambda batch: batch != 1, "2 or more"),
    "training.optimizer": compiled(choices.Optimizer),
    "model.connectivity": Rule(
        lambda connectivity: (
            type(connectivity) in (choices.Plain, choices.Residual, choices.Skip, choices.Dense)
            or (type(connectivity) is choices.MultiplicativeFilter and connectivity.filter == "fourier")
        ),
        "plain, residual, skip, dense or multiplicative_filter(fourier)",
    ),
    "model.normalization": one_of(choices.NoNormalization, choices.LayerNorm, choices.WeightNorm),
    # An encoding without trained parameters is computed once, before the first step.
    "model.encoding": Rule(
        lambda encoding: not encoding.trainable or bool(encoding.compiled), "one that is not trained, or compiled"
    ),
    **_MLP,
}

FUSED = EngineSpec("fused", "sfumato.training.engines.fused.engine:Fused", engine_memory.TILED, _FUSED)
ONLINE = EngineSpec(
    "online",
    "sfumato.training.engines.online.engine:Online",
    engine_memory.ONLINE,
    {
        "training.batch": exactly(1),
        "training.optimizer": Rule(_is_plain_sgd, "sgd without momentum"),
        "model.connectivity": one_of(choices.Plain),
        "model.normalization": one_of(choices.NoNormalization),
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
        "training.channel_weights": Rule(lambda weights: weights is None, "none"),
        "data.split": one_of(choices.NoSplit),
        "data.target_range": exactly("unit"),
        "model.activation": one_of(choices.LeakyReLU),
        **_NO_CUSTOM_NETWORK,
        "model.output_activation": exactly("linear"),
        "model.connectivity": one_of(choices.Plain),
        "model.normalization": one_of(choices.NoNormalization),
        "model.encoding": one_of(choices.Identity),
        "model.init": Rule(
            lambda init: isinstance(init, choices.Gaussian) and init.bias == "weights", "gaussian(bias=weights)"
        ),
        "model.biases": exactly(True),
        "coordinates.range": exactly("unit"),
        "coordinates.align_corners": exactly(True),
        "coordinates.endpoint": exactly(True),
        "coordinates.aspect": exactly(1.0),
        "dtype": exactly("float64"),
    },
    auto=False,
    single_threaded=True,
    dtype="float64",
)

ENGINES = {spec.name: spec for spec in (FUSED, ONLINE, AUTOGRAD, CONCURRENT, REPLICA)}
"""Every engine by its name, in the order in which ``auto`` tries them."""


def auto(recipe: Recipe) -> EngineSpec:
    """Return the engine that the recipe names, or that ``auto`` selects for it.

    Whether this machine has the hardware for it is checked elsewhere (`sfumato.training.engines.choose`).
    """
    if recipe.engine != "auto":
        return ENGINES[recipe.engine]
    return next(spec for spec in ENGINES.values() if spec.auto and not spec.unsupported(recipe))
