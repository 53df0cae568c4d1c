"""An experiment as frozen plain data: which recipes are compared, on which seeds, at which learning rates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import count, islice
from typing import Any

from sfumato.errors import RecipeError, RunError
from sfumato.lab.measure import MEASURES, Measure
from sfumato.lab.rates import Tuning
from sfumato.recipe import Recipe, values
from sfumato.recipe.choices import Optimizer

LAYOUT = 3
"""Of plan.json and the files beside it; a folder of another one is refused."""

SEEDS = 5
"""Paired seeds an arm, the fewest from which anything is claimed."""

MOST_SEEDS = 1000

FIRST_TUNING_SEED = 1_000_000
"""Seeds for tuning count from here, those of a verdict from 0."""

MOST_ARMS = 256

LARGEST_SEED = 2**62
"""Of an arm: with a plan's seeds added it is still one."""

ARM_FIELDS = ("name", "parameters", "operations", "title", "verb", "instead")
"""Of an arm, as they stand in plan.json beside its recipe."""


@dataclass(frozen=True)
class First:
    """A smaller picture that is learned before the whole one, out of the same budget."""

    max_side: int
    """Pixels of its longer side."""
    share: float
    """Part of all samples that are its own, 0 to 1."""


@dataclass(frozen=True)
class Arm:
    """One recipe; its seed is added to each of the plan's."""

    name: str
    recipe: Recipe
    parameters: int | None
    """Trained numbers; None where only building the network can tell."""
    operations: int | None
    """Floating-point operations of one sample's way forward and back; None likewise."""
    title: str = ""
    """In the verdict's words; by default the name."""
    verb: str = "beats"
    instead: str = ""
    """In an ablation: what the arm that it is compared with has in the place of what ``title`` tells."""
    first: First | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that decides an experiment's numbers, apart from the machine."""

    name: str
    question: str
    picture: Mapping[str, Any]
    """``sha256`` and ``source`` of what is learned, and its size: ``height``, ``width`` and ``channels`` of a picture;
    ``samples``, ``inputs`` and ``outputs`` of digits."""
    arms: tuple[Arm, ...]
    comparisons: tuple[tuple[str, str], ...]
    """(arm, arm that it is compared with): the family whose intervals hold together."""
    seeds: tuple[int, ...]
    tuning: Tuning | None
    """How each arm finds its learning rate; None: as its recipe says."""
    equal: str = "epochs"
    """What every arm gets the same of: epochs, operations or seconds."""
    task: str = "picture"
    """What is learned: one of `MEASURES`."""
    beside: int = 0
    """Comparisons of another experiment whose intervals are to hold together with these."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Where the recipe from which arms start that only change fields differs from the default of `paint`: values by
    dotted name. It is told for people; what decides is the recipe of each arm."""

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def measure(self) -> Measure:
        """By what its networks are compared."""
        return MEASURES[self.task]

    @property
    def samples(self) -> int:
        """Of an epoch."""
        return self.picture["samples"] if self.task == "digits" else self.picture["height"] * self.picture["width"]

    @cached_property
    def optimizers(self) -> tuple[Optimizer, ...]:
        """Of all arms, each once."""
        return tuple(dict.fromkeys(arm.recipe.training.optimizer for arm in self.arms))

    @cached_property
    def tuning_seeds(self) -> tuple[int, ...]:
        """Seeds on which learning rates are looked for: the same for every arm, whatever seed an arm itself sets.

        None of them is a seed of the verdict, also where more are added to it later.
        """
        if self.tuning is None:
            return ()
        own = sorted({arm.recipe.seed for arm in self.arms})
        free = (
            seed for seed in count(own[0] + FIRST_TUNING_SEED) if not any(0 <= seed - each < MOST_SEEDS for each in own)
        )
        return tuple(islice(free, self.tuning.seeds))

    @property
    def family(self) -> int:
        """Comparisons whose intervals hold together."""
        return len(self.comparisons) + self.beside

    def to_values(self) -> dict[str, Any]:
        """For plan.json: all of it."""
        # Left out where they say nothing: folders made before there were digits keep their ids.
        more = {"task": self.task} if self.task != "picture" else {}
        more |= {"beside": self.beside} if self.beside else {}
        more |= {"defaults": dict(self.defaults)} if self.defaults else {}
        return {
            **more,
            "layout": LAYOUT,
            "name": self.name,
            "question": self.question,
            "picture": dict(self.picture),
            "arms": [
                {
                    **{each: getattr(arm, each) for each in ARM_FIELDS},
                    "first": None if arm.first is None else asdict(arm.first),
                    "recipe": values(arm.recipe),
                }
                for arm in self.arms
            ],
            "comparisons": [list(pair) for pair in self.comparisons],
            "seeds": list(self.seeds),
            "tuning": None if self.tuning is None else asdict(self.tuning),
            "equal": self.equal,
        }

    @staticmethod
    def of(data: Mapping[str, Any]) -> Plan:
        """From what `to_values` gave. Raises RunError when it is of another layout, or damaged."""
        layout = data.get("layout")
        if layout != LAYOUT:
            age = "an older" if isinstance(layout, int) and layout < LAYOUT else "a newer"
            raise RunError(
                f"the plan must have layout {LAYOUT}. Got {layout!r}: {age} Sfumato made it; run the experiment "
                "again in another folder (--out)."
            )
        try:
            return Plan(
                name=data["name"],
                question=data["question"],
                picture=data["picture"],
                arms=tuple(
                    Arm(
                        recipe=Recipe.of(arm["recipe"]),
                        first=None if arm["first"] is None else First(**arm["first"]),
                        **{each: arm[each] for each in ARM_FIELDS},
                    )
                    for arm in data["arms"]
                ),
                comparisons=tuple((a, b) for a, b in data["comparisons"]),
                seeds=tuple(data["seeds"]),
                tuning=None if data["tuning"] is None else Tuning(**data["tuning"]),
                equal=data["equal"],
                task=data.get("task", "picture"),
                beside=data.get("beside", 0),
                defaults=data.get("defaults", {}),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"the plan must be one that Sfumato wrote: {error}.") from None

    @property
    def id(self) -> str:
        """Eight hexadecimal digits: the same for the same question, picture and arms, however many seeds."""
        data = self.to_values()
        del data["seeds"]
        data.pop("defaults", None)
        data["picture"] = self.picture["sha256"]
        for arm in data["arms"]:
            arm["recipe"]["picture"]["source"] = self.picture["sha256"]
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def check_count(arms: int) -> None:
    """Raise RecipeError for a number of arms that cannot be compared."""
    if arms < 2:
        raise RecipeError(f"a comparison must have 2 to {MOST_ARMS} arms. Got {arms}.")
    if arms > MOST_ARMS:
        raise RecipeError(
            f"a comparison must have 2 to {MOST_ARMS} arms. Got {arms}; make several of them, each with the same "
            "first arm, which all others are compared with."
        )


def checked(plan: Plan) -> Plan:
    """The plan. Raises RecipeError in one line where it compares nothing, or what cannot be compared."""
    names = [arm.name for arm in plan.arms]
    check_count(len(names))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(f"every arm must have a name of its own. Got {twice[0]!r} twice.")
    for arm in plan.arms:
        if not 0 <= arm.recipe.seed <= LARGEST_SEED:
            raise RecipeError(f"arm {arm.name}: seed must be 0 to {LARGEST_SEED:,}. Got {arm.recipe.seed}.")
        if arm.recipe.budget.psnr is not None:
            raise RecipeError(f"arm {arm.name}: budget.psnr must be none, so that all arms train alike. Got a number.")
        if arm.first is not None and arm.recipe.budget.epochs is None:
            raise RecipeError(f"arm {arm.name}: budget.epochs must be given, to be divided. Got none.")
    return plan
