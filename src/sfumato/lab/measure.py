"""The measures by which an experiment's networks are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass

HIGHEST_PSNR = 150.0
"""Highest PSNR counted, in dB: that of a painting equal to the picture is infinite.

It is an error of 3.2e-8 in every value, half of the resolution of float32 near 1.
"""


@dataclass(frozen=True)
class Measure:
    """A measure of which more is better."""

    field: str
    """Key in the row of a trial and in the points of its curve."""
    name: str
    unit: str
    """Unit of differences."""
    head: str
    """Head of a column."""
    meaning: str
    """Meaning of one trial's value."""
    reading: str
    """What the measure is and how to read a difference, after the words 'the measure is'."""

    @property
    def named(self) -> str:
        """Return the name and the unit: ``PSNR, dB``."""
        return f"{self.name}, {self.unit}"

    @property
    def title(self) -> str:
        """Return the name as at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


PSNR = Measure(
    field="psnr",
    name="PSNR",
    unit="dB",
    head="dB",
    meaning="PSNR of the last painting",
    reading="the PSNR of the last painting against the picture, in dB. 3 dB more is half the squared error; a painting "
    f"without error counts as {HIGHEST_PSNR:g} dB.",
)

ACCURACY = Measure(
    field="accuracy",
    name="accuracy",
    unit="percentage points",
    head="%",
    meaning="correctly classified test digits, in percent",
    reading="accuracy: the percentage of test digits whose largest output is that of their label.",
)

MEASURES = {"picture": PSNR, "digits": ACCURACY}
"""Measures by the tasks of a plan."""


def counted_psnr(psnr: float) -> float | None:
    """Return the PSNR limited to `HIGHEST_PSNR`, or None where there is none, as after divergence."""
    return None if math.isnan(psnr) or psnr == -math.inf else min(psnr, HIGHEST_PSNR)
