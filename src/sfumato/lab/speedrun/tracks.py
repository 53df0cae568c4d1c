"""The tracks of the speedrun, as plain data: what is asked, on which seeds, and what of a recipe is fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sfumato.recipe import Model
from sfumato.recipe.choices import LeakyReLU, Plain

RULES = 1
"""Version of the rules; results of different versions are not compared."""

PICTURE = "mona-lisa"
PIXELS = (300, 429)
"""Width and height of the picture."""

Seeds = Literal["official", "tuning"]

NETWORK = Model(depth=4, width=300, activation=LeakyReLU(0.01), output="linear", encoding=Plain(), biases=True)
"""The network of 2012."""

EPOCHS_2012 = 500
SECONDS_AN_EPOCH_2012 = 50.0
"""Of training by the program of 2012 itself, on one core of an AMD EPYC (Milan): see docs/speedrun.md."""


@dataclass(frozen=True)
class Track:
    """One competition."""

    name: str
    preset: str
    """Of the record recipe."""
    question: str
    """What is asked, in a line."""
    network: Model | None
    """The network that is fixed; how it is initialized is free. None: any network."""
    target: float | None
    """dB that the mean over the seeds must reach, or None: as many as possible."""
    seconds: float | None
    """Of training, which the budget is; None: the recipe's own budget."""
    seeds: Mapping[Seeds, tuple[int, ...]]
    """The official ones give results and were never looked at while a recipe was chosen; that is what tuning is for."""


_SEEDS: Mapping[Seeds, tuple[int, ...]] = {"official": tuple(range(100, 110)), "tuning": tuple(range(10))}

TRACKS = {
    "closed": Track(
        name="closed",
        preset="speedrun",
        question="seconds of training in which the network of 2012 comes to 28.15 dB",
        network=NETWORK,
        target=28.15,
        seconds=None,
        seeds=_SEEDS,
    ),
    "open": Track(
        name="open",
        preset="speedrun-open",
        question="dB of any network after 10 s of training",
        network=None,
        target=None,
        seconds=10.0,
        seeds=_SEEDS,
    ),
}
"""By name."""
