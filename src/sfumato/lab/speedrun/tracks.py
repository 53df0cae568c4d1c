"""The tracks of the speedrun, as plain data: the question, the seeds, and the fixed parts of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sfumato.recipe import Model
from sfumato.recipe.choices import Identity, LeakyReLU

RULES = 1
"""Version of the rules; results of different versions are not compared."""

PICTURE = "mona-lisa"
PIXELS = (300, 429)
"""Width and height of the picture."""

Seeds = Literal["official", "tuning"]

NETWORK = Model(
    depth=4, width=300, activation=LeakyReLU(0.01), output_activation="linear", encoding=Identity(), biases=True
)
"""The network of 2012."""

EPOCHS_2012 = 500
SECONDS_PER_EPOCH_2012 = 50.0
"""Training time per epoch of the program of 2012 itself, on one core of an AMD EPYC (Milan): see docs/speedrun.md."""

_SEEDS: Mapping[Seeds, tuple[int, ...]] = {"official": tuple(range(100, 110)), "tuning": tuple(range(10))}


@dataclass(frozen=True)
class Track:
    """One competition."""

    name: str
    preset: str
    """Name of the record recipe."""
    question: str
    """The question in one line."""
    network: Model | None
    """The fixed network, whose initialization is free. None: any network."""
    target: float | None
    """PSNR in dB that the mean over the seeds must reach; None: as high as possible."""
    seconds: float | None
    """Budget in seconds of training; None: the recipe's own budget."""
    seeds: Mapping[Seeds, tuple[int, ...]]
    """Official seeds give results and were never used while a recipe was chosen; seeds for tuning are for that."""


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
"""Tracks by name."""
