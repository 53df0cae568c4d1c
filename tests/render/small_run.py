"""A finished run for the tests that draw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sfumato as sf
from tests.small import SMALL, picture

HEIGHT, WIDTH = 20, 16


def small_run(runs: Path, **changes: Any) -> sf.Run:
    """Three epochs, each with an exact painting; without a film."""
    return sf.paint(picture(HEIGHT, WIDTH), runs=runs, film="none", **{**SMALL, **changes})
