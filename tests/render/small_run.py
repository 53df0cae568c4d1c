"""A small finished run for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sfumato as sf
from tests.small import SMALL, picture

HEIGHT, WIDTH = 20, 16


def small_run(runs: Path, **changes: Any) -> sf.Run:
    """Train for three epochs, each with an exact painting, and without a film."""
    return sf.paint(picture(HEIGHT, WIDTH), runs=runs, film="none", **{**SMALL, **changes})
