"""Optuna, an optional dependency (extra ``lab``), loaded where a sweep or a tuning of several fields needs it."""

from __future__ import annotations

from typing import Any

from sfumato.errors import SfumatoError


def load_optuna(needed_by: str) -> Any:
    """Import Optuna, silently. Raises SfumatoError, which names what needs it, if it is not installed."""
    try:
        import optuna
    except ImportError:
        raise SfumatoError(f"{needed_by} needs Optuna, which is not installed: pip install 'sfumato[lab]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
