"""What an ablation says of a setting: it helped, it hurt, or it does not matter here."""

from __future__ import annotations

from collections.abc import Sequence

from sfumato.lab.plan import Arm
from sfumato.lab.statistics import FEWEST, Interval

SMALL = 0.5
"""dB within which a difference is said not to matter: hardly anybody sees it."""


def named(follows: Arm, undone: Arm) -> tuple[str, str]:
    """(the setting, what stands in its place), of the arm that has it and the one that does not."""
    return (undone.instead, undone.title) if undone.instead else (follows.title, follows.instead)


def sentence(follows: Arm, undone: Arm, found: Interval, diverged: tuple[int, int], seeds: int) -> str:
    """The words of a comparison: ``shuffled order helped: 0.72 dB [0.60, 0.84] over scan order``.

    ``diverged``: trainings of each of the two arms that failed or diverged, of so many ``seeds``.
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
    """Whether one of two arms says what it has something else in place of."""
    return any(arm.instead for arm in arms)
