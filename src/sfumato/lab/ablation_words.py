"""Verdicts of ablations in sentences: whether a setting helped or hurt, and the names of arms in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sfumato.lab.divergence import Divergence, combined_sign
from sfumato.lab.statistics import FEWEST, Interval

SMALL = 0.5
"""Differences within this many dB count as negligible: hardly anybody sees them."""


class Named(Protocol):
    """An arm's names in sentences, as `sfumato.lab.plan.Arm` has them."""

    @property
    def name(self) -> str:
        """The short name."""
        ...

    @property
    def title(self) -> str:
        """The name in verdicts; empty if it is the short one."""
        ...

    @property
    def verb(self) -> str:
        """The verb after it: ``beats`` or ``beat``."""
        ...

    @property
    def instead(self) -> str:
        """In an ablation: what the other arm has in place of what ``title`` names; else empty."""
        ...


def named(follows: Named, undone: Named) -> tuple[str, str]:
    """Return (the setting, its replacement), from the arm that has the setting and the one that does not."""
    return (undone.instead, undone.title) if undone.instead else (follows.title, follows.instead)


def is_ablation(arms: Sequence[Named]) -> bool:
    """Return whether one of the two arms names what replaces a setting."""
    return any(arm.instead for arm in arms)


def ablation_sentence(
    follows: Named,
    undone: Named,
    found: Interval,
    diverged: Divergence,
    noun: str = "paired seeds",
    about: str = "",
) -> str:
    """Return the verdict: ``shuffled order helped by 0.72 dB against scan order, 95% CI [0.60, 0.84]``.

    ``noun``: what ``found.pairs`` counts; ``about``: what the verdict is about, after a space.
    """
    has, lacks = named(follows, undone)
    counts = diverged_counts(diverged, "it", lacks)
    lost = f"; {counts}" if diverged.any else ""
    sign = combined_sign(found, diverged)
    verb = {1: "helped", -1: "hurt", 0: ""}[sign]
    if found.pairs < FEWEST:
        few = f"{found.mean:+.2f} dB from fewer than {FEWEST} {noun}"
        measured = few if found.pairs else "no seed finished in both arms"
        if sign:
            return f"{has} {verb}{about}: {evidence(diverged, counts, noun)}; {measured}"
        return f"{has}: no verdict against {lacks}, {measured}{lost}"
    difference = f"{found.mean:+.2f} dB against {lacks}, 95% CI [{found.low:+.2f}, {found.high:+.2f}]"
    if found.sign and not sign:
        return f"{has}: no verdict: {difference} where both finished, but {evidence(diverged, counts, noun)}"
    if found.sign:
        low, high = sorted((sign * found.low, sign * found.high))
        return (
            f"{has} {verb}{about} by {sign * found.mean:.2f} dB against {lacks}, 95% CI [{low:.2f}, {high:.2f}]{lost}"
        )
    if sign:
        return f"{has} {verb}{about}: {evidence(diverged, counts, noun)}; {difference} where both finished"
    if found.low > -SMALL and found.high < SMALL:
        return f"{has}: no difference shown: {difference}, negligible (within {SMALL:g} dB){lost}"
    return f"{has}: no difference shown: {difference}, too wide to be called negligible (within {SMALL:g} dB){lost}"


def diverged_counts(diverged: Divergence, first: str, second: str) -> str:
    """Return ``0 of 9 trainings diverged with it, 9 of 9 with scan order``."""
    (a, b), (of_a, of_b) = diverged.diverged, diverged.trainings
    return f"{a} of {of_a} trainings diverged with {first}, {b} of {of_b} with {second}"


def evidence(diverged: Divergence, counts: str, noun: str) -> str:
    """Return the counts, and the test by which they claim something."""
    return f"{counts} (exact sign test over {diverged.units} {noun}, p = {diverged.p:.2g})"
