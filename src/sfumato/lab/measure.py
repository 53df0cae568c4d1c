"""What an experiment's networks learn, and the number by which they are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass

HIGHEST_PSNR = 150.0
"""dB counted for a painting that is nearer to the picture than this, or equal to it: its own PSNR may be infinite.

It is an error of 3.2e-8 in every value, half of what float32 can tell near 1.
"""


@dataclass(frozen=True)
class Measure:
    """A number of which more is better."""

    field: str
    """In the row of a trial and the points of its curve."""
    name: str
    unit: str
    """Of differences."""
    head: str
    """Of a column."""
    meaning: str
    """Of one trial's number."""
    reading: str
    """What it is and how a difference is read, after the words 'the measure is'."""

    @property
    def title(self) -> str:
        """Its name at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


PSNR = Measure(
    field="psnr",
    name="PSNR",
    unit="dB",
    head="dB",
    meaning="PSNR of the last painting",
    reading="the PSNR of the last painting against the picture, in dB. 3 dB more is half the squared error; a painting "
    f"without any counts as {HIGHEST_PSNR:g} dB.",
)

ACCURACY = Measure(
    field="accuracy",
    name="accuracy",
    unit="percentage points",
    head="%",
    meaning="test digits told rightly, in percent",
    reading="accuracy: of how many test digits in 100 the largest output is the right one's.",
)

MEASURES = {"picture": PSNR, "digits": ACCURACY}
"""By what is learned: the tasks of a plan."""


def counted_psnr(psnr: float) -> float | None:
    """Return a PSNR as it is counted: at most `HIGHEST_PSNR`; None where there is none, as of a diverged training."""
    return None if math.isnan(psnr) or psnr == -math.inf else min(psnr, HIGHEST_PSNR)
