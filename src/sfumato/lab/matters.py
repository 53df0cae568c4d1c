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
    """Return the verdict: ``shuffled order helped by 0.72 dB over scan order, 95% confidence interval [0.60, 0.84]``.

    ``diverged``: how many of ``seeds`` trainings failed or diverged, for each of the two arms.
    """
    has, lacks = named(follows, undone)
    if found.pairs < FEWEST and diverged[1] > diverged[0]:
        return f"{has} helped: with {lacks} {diverged[1]} of {seeds} trainings diverged, with it {diverged[0]}"
    if found.pairs < FEWEST and diverged[0] > diverged[1]:
        return f"{has} hurt: with it {diverged[0]} of {seeds} trainings diverged, with {lacks} {diverged[1]}"
    if found.pairs == 0:
        return f"{has}: no verdict, no seed of both came to its end"
    if found.pairs < FEWEST:
        return f"{has}: no verdict, {found.mean:+.2f} dB over {lacks} on fewer than {FEWEST} paired seeds"
    if found.sign > 0:
        return f"{has} helped: {found.mean:.2f} dB [{found.low:.2f}, {found.high:.2f}] over {lacks}"
    if found.sign < 0:
        return f"{has} hurt: {-found.mean:.2f} dB [{-found.high:.2f}, {-found.low:.2f}] under {lacks}"
    between = f"between {found.low:+.2f} and {found.high:+.2f} dB over {lacks}"
    if found.low > -SMALL and found.high < SMALL:
        return f"{has}: no difference shown: does not matter here ({between})"
    return f"{has}: no difference shown, too few seeds to say that it does not matter ({between})"


def is_ablation(arms: Sequence[Arm]) -> bool:
    """Return whether one of the two arms names what replaces a setting."""
    return any(arm.instead for arm in arms)
