"""The flags of `compare` and `ablate` that say what is tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sfumato.cli import flags
from sfumato.errors import SfumatoError
from sfumato.lab.halving import FEWEST_CANDIDATES
from sfumato.lab.rates import TUNING_SEEDS
from sfumato.lab.tuning_options import Tune

BOOLEANS = ("true", "false", "yes", "no", "on", "off", "1", "0")
"""Texts that are, or are meant as, true or false."""


def fields(default: str, meaning: str) -> Sequence[Any]:
    """Return the flags. ``default``: of --tune; ``meaning``: what the default does, for the help."""
    auto = "auto|" if default == "auto" else ""
    return (
        flags.field(
            "tune",
            default,
            f"{auto}true|false|FIELD,FIELD=LOW..HIGH:log,...",
            f"tuning of each arm: its learning rate, or numbers by name, such as lr,omega,batch; {meaning}",
        ),
        flags.field("tuning_seeds", str(TUNING_SEEDS), "INT", "seeds for tuning"),
        flags.field(
            "tuning_trials", flags.NONE, "INT", "settings per arm where several numbers are tuned; 26 by default"
        ),
    )


def options(parsed: Any) -> dict[str, Any]:
    """Return the flags' values as the options of `sfumato.lab.compare.plan_of`. Raises SfumatoError."""
    for name in ("tuning_seeds", "tuning_trials"):
        value = getattr(parsed, name)
        if parsed.tune == "false" and not isinstance(value, flags.Default):
            flag = name.replace("_", "-")
            raise SfumatoError(f"--{flag} is for tuning. Got {value} with --tune false.")
    trials = parsed.tuning_trials
    return {
        "tune": _tune(parsed.tune),
        "tuning_seeds": flags.number("tuning-seeds", parsed.tuning_seeds, 2, int),
        "tuning_trials": None
        if isinstance(trials, flags.Default)
        else flags.number("tuning-trials", trials, FEWEST_CANDIDATES, int),
    }


def _tune(text: str) -> Tune:
    if text == "auto":
        return None
    return flags.boolean("tune", text) if text in BOOLEANS else text
