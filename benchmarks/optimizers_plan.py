"""The experiments of `optimizers_result.py` as data: networks, optimizers, and a plan for each network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sfumato.lab import picture_sets
from sfumato.lab.arms import Picture, arm, channels_of, facts
from sfumato.lab.plan import Plan, checked
from sfumato.lab.rates import Tuning
from sfumato.recipe import Recipe, changed
from sfumato.recipe.choices import Optimizer

OPTIMIZERS = ("foof", "adam", "muon", "soap", "kfac")
"""All that are compared; the first is compared with each of the others."""

BATCH = 512
DEPTH = 4

SCHEDULE = "cosine"
"""Every arm ends its own budget at a rate of 0, so that none is judged by the noise of its last steps."""


class Network(NamedTuple):
    """A network as it is published or usual."""

    title: str
    changes: Mapping[str, Any]
    """Changes to the default recipe."""
    source: str
    """The publication or program, and its values."""


NETWORKS: dict[str, Network] = {
    "relu": Network(
        "ReLU",
        {"model": {"activation": "relu", "init": "he"}},
        "coordinates from -1 to 1, He's initialization (He et al. 2015)",
    ),
    "fourier": Network(
        "ReLU on Fourier features",
        {
            "model": {"activation": "relu", "init": "he", "encoding": "fourier(sigma=10, features=512)"},
            "coordinates": {"range": "unit"},
        },
        "256 frequencies with a standard deviation of 10 cycles per picture, as for pictures in Tancik et al. 2020",
    ),
    "siren": Network(
        "SIREN",
        {"model": {"activation": "sine(omega=30)", "init": "siren(omega=30)"}},
        "frequency 30 in all layers and the initialization of Sitzmann et al. 2020",
    ),
    "gaussian": Network(
        "Gaussian",
        # Uniform within +-1/sqrt(fan_in), biases too: PyTorch's default, apart from the first layer, +-1/fan_in.
        {"model": {"activation": "gaussian(width=0.1)", "init": "siren(omega=2.44948974)"}},
        "standard deviation 0.1 (Ramasinghe and Lucey 2022); weights and biases drawn uniformly within 1/sqrt(fan_in), "
        "as PyTorch does by default, and the weights of the first layer within 1/fan_in",
    ),
}


@dataclass(frozen=True)
class Settings:
    """What all trainings have in common."""

    seconds: float = 4.0
    """Processor time of the steps of one training, on one thread."""
    width: int = 128
    max_side: int = 192
    """Longer side of a picture in pixels."""
    networks: tuple[str, ...] = tuple(NETWORKS)
    optimizers: tuple[str, ...] = OPTIMIZERS


def engines(optimizer: str) -> tuple[str, ...]:
    """Return the engines that have an optimizer, the fastest first."""
    return ("fused", "autograd") if Optimizer.members[optimizer].compiled else ("autograd",)


def recipe(network: str, optimizer: str, engine: str, settings: Settings) -> Recipe:
    """Return the recipe of a training, without its budget."""
    common = {
        "picture": {"max_side": settings.max_side, "channels": "rgb"},
        "model": {"depth": DEPTH, "width": settings.width},
        "training": {"optimizer": optimizer, "batch": BATCH, "schedule": SCHEDULE},
        "evaluation": {"interval": "end"},
        "engine": engine,
        "threads": 1,
        "dtype": "float32",
        "device": "cpu",
    }
    return changed(changed(Recipe(), common), NETWORKS[network].changes)


def load_pictures(pictures: str, settings: Settings) -> list[Picture]:
    """Load the pictures of a folder or pattern, or ``kodak``, at their size. Raises PictureError or RecipeError."""
    return picture_sets.load(recipe(settings.networks[0], settings.optimizers[0], "autograd", settings), pictures)


def plan(
    network: str,
    steps: Mapping[str, int],
    pictures: Sequence[Picture],
    settings: Settings,
    *,
    seeds: int,
    tuning_seeds: int,
) -> Plan:
    """Return the plan of a network: the first optimizer against each of the others.

    ``steps``: each optimizer's budget, which takes the same seconds. The intervals of all networks are one family.
    """
    first, *others = settings.optimizers
    arms = [
        arm(
            name,
            picture_sets.of_picture(
                changed(recipe(network, name, engines(name)[0], settings), {"budget": {"steps": steps[name]}}),
                pictures[0],
            ),
            channels_of(pictures),
        )
        for name in settings.optimizers
    ]
    return checked(
        Plan(
            name=f"optimizers-{network}",
            question=f"Which optimizer is best in equal seconds: {NETWORKS[network].title}?",
            pictures=facts(pictures),
            arms=tuple(arms),
            comparisons=tuple((first, other) for other in others),
            seeds=tuple(range(seeds)),
            tuning=Tuning(tuning_seeds),
            # The budgets are steps that were measured to take equal seconds, so that the results are reproducible.
            equal="seconds",
            beside=(len(settings.networks) - 1) * len(others),
        )
    )
