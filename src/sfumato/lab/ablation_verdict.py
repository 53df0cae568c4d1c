"""Verdicts of an ablation: a setting helped, it hurt, or no difference is shown."""

from __future__ import annotations

from collections.abc import Sequence

from sfumato.lab.plan import Arm
from sfumato.lab.statistics import FEWEST, Interval

SMALL = 0.5
"""Differences within this many dB count as negligible: hardly anybody sees them."""


def named(follows: Arm, undone: Arm) -> tuple[str, str]:
    """Return (the setting, its replacement), from the arm that has the setting and the one that does not."""
    return (undone.instead, undone.title) if undone.instead else (follows.title, follows.instead)


def sentence(follows: Arm, undone: Arm, found: Interval, diverged: tuple[int, int], seeds: int) -> str:
    """Return the verdict: ``shuffled order helped by 0.72 dB against scan order, 95% CI [0.60, 0.84]``.

    ``diverged``: how many of ``seeds`` trainings failed or diverged, for each of the two arms.
    """
    has, lacks = named(follows, undone)
    if found.pairs < FEWEST and diverged[1] > diverged[0]:
        return f"{has} helped: {diverged[0]} of {seeds} trainings diverged with it, {diverged[1]} with {lacks}"
    if found.pairs < FEWEST and diverged[0] > diverged[1]:
        return f"{has} hurt: {diverged[0]} of {seeds} trainings diverged with it, {diverged[1]} with {lacks}"
    if found.pairs == 0:
        return f"{has}: no verdict against {lacks}, no seed finished in both arms"
    if found.pairs < FEWEST:
        return f"{has}: no verdict against {lacks}, {found.mean:+.2f} dB from fewer than {FEWEST} paired seeds"
    if found.sign > 0:
        return f"{has} helped by {found.mean:.2f} dB against {lacks}, 95% CI [{found.low:.2f}, {found.high:.2f}]"
    if found.sign < 0:
        return f"{has} hurt by {-found.mean:.2f} dB against {lacks}, 95% CI [{-found.high:.2f}, {-found.low:.2f}]"
    difference = f"{found.mean:+.2f} dB against {lacks}, 95% CI [{found.low:+.2f}, {found.high:+.2f}]"
    if found.low > -SMALL and found.high < SMALL:
        return f"{has}: no difference shown: {difference}, negligible (within {SMALL:g} dB)"
    return f"{has}: no difference shown: {difference}, too wide to be called negligible (within {SMALL:g} dB)"


def is_ablation(arms: Sequence[Arm]) -> bool:
    """Return whether one of the two arms names what replaces a setting."""
    return any(arm.instead for arm in arms)
