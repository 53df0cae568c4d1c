"""The protocol of optimizers in the fused engine: accumulate, precondition, apply the update.

An optimizer declares its compiled form in its choice's ``compiled``: a function (choice, layout) -> `CompiledOptimizer`
in a file of its own. Every optimizer has an elementwise `Rule`. One that preconditions the matrices of hidden layers
also has a `Preconditioner`; then the rule updates the first and the last layer, and biases unless they are
preconditioned too. A trained encoding is a separate group with separate state, updated by the same rule or by that of
the encoding's own optimizer.

In every step each thread, for its share of the rows,

1. accumulates: adds up all threads' gradients; the rule is applied at once, while they are in the cache,
2. preconditions, after a barrier: turns the gradients of all hidden layers into updates,
3. applies the updates to the weights, after another barrier.

All functions are plain Python over vectors at addresses, compiled one by one and called by address: the kernel is the
same for every optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines.fused.layout import Field, Layout
from sfumato.training.engines.fused.optimizer_calls import OptimizerContext, compile_preconditioner, compile_rule
from sfumato.training.kernels.memory import zeros

State = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Rule:
    """An elementwise update."""

    update: Callable[..., None]
    """(weights, gradients, state, parameters, rate, step): update the weights (n,) in place. ``state`` is
    (names, n or more) float32, one row per name; ``parameters`` a tuple of float64; ``step`` counts from 1."""
    rate: Callable[[int], float]
    """Function from a fan-in to the learning rate; a trained encoding, which has no fan-in, is passed as 0."""
    parameters: tuple[float, ...] = ()
    state: tuple[str, ...] = ()
    """Names of the state variables of each weight, which start at 0."""
    skips_zero_gradients: bool = False
    """Whether a weight whose gradient is 0 stays unchanged, together with its state."""


@dataclass(frozen=True)
class Refresh:
    """Work in Python between steps that computes a preconditioner from what the steps have accumulated."""

    due: Callable[[int], bool]
    """Function from a step, from 1, to whether the refresh follows it."""
    run: Callable[[Layout, State, int], None]
    """(layout, state, threads): read and write the state."""
    writes: tuple[str, ...]
    """Names of the state that it writes. Before the first step one batch is trained at learning rate 0 and the
    preconditioner is refreshed; then all other state is reset to 0."""


@dataclass(frozen=True)
class Preconditioner:
    """An update of the hidden layers' matrices. The compiled functions get the network, the thread, and ``fields``."""

    fields: type[Any]
    """A NamedTuple: ``parameters``, float64, then the addresses of the blocks of ``state``, then those of
    ``scratch``, as int64."""
    accumulate: Callable[..., None]
    """(net, thread, fields, layer, step): add up the gradients of this thread's share of a layer's rows, in place of
    the first thread's (`reduce_gradients_in_place`)."""
    precondition: Callable[..., int]
    """(net, thread, fields, step, phase) -> phase: compute all hidden layers' updates; may wait for other threads."""
    apply_update: Callable[..., None]
    """(net, thread, fields, layer, lr_factor): update this thread's share of a layer's rows."""
    preconditions_biases: bool
    """Whether a layer's biases are a row of its matrix; else the rule updates them."""
    parameters: tuple[float, ...] = ()
    state: Mapping[str, int] = field(default_factory=dict)
    """Lengths of the blocks that persist between steps. A block with the name of one of the rule's is shared with it:
    for each weight either the preconditioner or the rule uses it."""
    scratch: Mapping[str, int] = field(default_factory=dict)
    """Lengths of blocks whose contents are used within a step only."""
    work: int = 0
    """Length of an additional work space per thread."""
    refresh: Refresh | None = None


@dataclass(frozen=True)
class CompiledOptimizer:
    """The compiled form of an optimizer."""

    rule: Rule
    hidden: Preconditioner | None = None


class Optimizer:
    """The optimizer of one network: its state, and the work between compiled steps."""

    def __init__(
        self,
        choice: choices.Optimizer,
        layout: Layout,
        encoder: int = 0,
        encoder_choice: choices.Optimizer | None = None,
    ) -> None:
        """Allocate the state and compile.

        ``encoder`` is the length of a trained encoding's block of parameters; ``encoder_choice`` its own optimizer.
        """
        compiled: CompiledOptimizer = choice.compiled_implementation()(choice, layout)
        rule, hidden = compiled.rule, compiled.hidden
        encoder_rule = _rule_of(encoder_choice, layout) if encoder_choice else rule
        self._layout = layout
        self._refresh = hidden.refresh if hidden else None
        self.work = hidden.work if hidden else 0
        """Length of a thread's work space, in float32."""
        rule_state = zeros(len(rule.state) * layout.parameters)
        encoder_state = zeros(len(encoder_rule.state) * encoder)
        self.state: State = dict(zip(rule.state, rule_state.reshape(-1, layout.parameters), strict=True))
        """Blocks of numbers by name: all state that is needed to continue."""
        blocks: State = {}
        if hidden:
            self.state |= {name: zeros(length) for name, length in hidden.state.items() if name not in self.state}
            blocks = {name: self.state[name] for name in hidden.state}
            blocks |= {name: zeros(length) for name, length in hidden.scratch.items()}
        if encoder:
            names = (f"encode.{name}" for name in encoder_rule.state)
            self.state |= dict(zip(names, encoder_state.reshape(-1, encoder), strict=True))
        # Arrays of at least one number, because an empty array has no address.
        rates = np.array([*(rule.rate(int(row[Field.FAN_IN])) for row in layout.table), encoder_rule.rate(0)])
        rule_parameters = np.array(rule.parameters or (0.0,), np.float64)
        encoder_parameters = np.array(encoder_rule.parameters or (0.0,), np.float64)
        parameters = np.array((hidden and hidden.parameters) or (0.0,), np.float64)
        addresses = np.array([block.ctypes.data for block in blocks.values()] or [0], np.int64)
        functions = [
            compile_rule(each.update, max(len(each.parameters), 1), len(each.state)) for each in (rule, encoder_rule)
        ]
        if hidden:
            functions += compile_preconditioner(
                (hidden.accumulate, hidden.precondition, hidden.apply_update),
                hidden.fields,
                len(hidden.parameters),
                len(blocks),
            )
        update, encoder_update, *hidden_addresses = [function.address for function in functions]
        accumulate, precondition, apply_update = hidden_addresses or (0, 0, 0)
        # The memory behind the addresses must live as long as this object.
        self._referenced: Sequence[Any] = (
            rule_state,
            encoder_state,
            blocks,
            rates,
            rule_parameters,
            encoder_parameters,
            parameters,
            addresses,
        )
        self._functions = functions
        self.context = OptimizerContext(
            update=update,
            rule_parameters=rule_parameters.ctypes.data,
            rates=rates.ctypes.data,
            state=rule_state.ctypes.data,
            encoder_update=encoder_update,
            encoder_parameters=encoder_parameters.ctypes.data,
            encoder_state=encoder_state.ctypes.data,
            encoder_skips=int(encoder_rule.skips_zero_gradients),
            accumulate=accumulate,
            precondition=precondition,
            apply_update=apply_update,
            parameters=parameters.ctypes.data,
            blocks=addresses.ctypes.data,
            preconditions_biases=int(hidden is not None and hidden.preconditions_biases),
        )

    @property
    def reads_samples(self) -> bool:
        """Whether it depends on the order of a step's samples: a preconditioner may read the first ones' inputs."""
        return self.context.precondition != 0

    @property
    def needs_initial_pass(self) -> bool:
        """Whether a step at learning rate 0 must precede the first one."""
        return self._refresh is not None

    def steps_until_refresh(self, step: int) -> int | None:
        """Return the number of steps after ``step`` until the next refresh, or None if there is none."""
        if self._refresh is None:
            return None
        ahead = 1
        while not self._refresh.due(step + ahead):
            ahead += 1
        return ahead

    def refresh_preconditioner(self, threads: int) -> None:
        """Refresh the preconditioner, if there is one, at the end of `steps_until_refresh`."""
        if self._refresh is not None:
            self._refresh.run(self._layout, self.state, threads)

    def discard_initial_pass(self) -> None:
        """Reset the state after the step at learning rate 0, except for what the refresh has written."""
        refreshed = self._refresh.writes if self._refresh else ()
        for name, block in self.state.items():
            if name not in refreshed:
                block.fill(0)


def _rule_of(choice: choices.Optimizer, layout: Layout) -> Rule:
    """Return the rule of a trained encoding's own optimizer, which has no hidden layers."""
    compiled: CompiledOptimizer = choice.compiled_implementation()(choice, layout)
    assert compiled.hidden is None, choice
    return compiled.rule
