"""An experiment as frozen plain data: the recipes compared, the seeds, and the learning rates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import count, islice
from typing import Any

from sfumato.errors import RecipeError, RunError
from sfumato.lab.halving import DEFAULT_CANDIDATES
from sfumato.lab.measure import MEASURES, Measure
from sfumato.lab.rates import Tuning
from sfumato.lab.setting import TunedField
from sfumato.lab.tuned_fields import resolved
from sfumato.recipe import Recipe, values
from sfumato.recipe.choices import Optimizer

LAYOUT = 4
"""Version of the layout of plan.json and the files beside it; a folder of another version is refused."""

SEEDS = 5
"""Paired seeds per arm, the fewest from which a verdict is given."""

MOST_SEEDS = 1000

MOST_PICTURES = 1000

FEWEST_PICTURES = 5
"""Fewest pictures from which a verdict about pictures is given."""

FIRST_TUNING_SEED = 1_000_000
"""First seed for tuning; those of a verdict start at 0."""

PICTURE_STRIDE = 1_000_000_007
"""Difference of the seeds of successive pictures, so that no two of them share a seed, whatever seeds arms set: a
prime, of which no difference between seeds that a person chooses is a multiple."""

MOST_ARMS = 256

LARGEST_SEED = 2**62
"""Largest seed of an arm: the sum with a plan's seed is still a valid seed."""

ARM_FIELDS = ("name", "parameters", "operations", "title", "verb", "instead")
"""Fields of an arm that plan.json holds beside its recipe."""


Unit = tuple[int, int]
"""(number of a picture, seed)."""


@dataclass(frozen=True)
class First:
    """A smaller picture that is learned before the whole one, within the same budget."""

    max_side: int
    """Pixels of its longer side."""
    share: float
    """Fraction of all samples that train on it, 0 to 1."""


@dataclass(frozen=True)
class Arm:
    """One recipe, whose seed is added to each of the plan's."""

    name: str
    recipe: Recipe
    parameters: int | None
    """Number of trained parameters; None where it is known only after the network is built."""
    operations: int | None
    """Floating-point operations of one sample's forward and backward pass; None likewise."""
    title: str = ""
    """Name in verdicts; by default ``name``."""
    verb: str = "beats"
    instead: str = ""
    """In an ablation: what the other arm has in place of what ``title`` names."""
    first: First | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that decides an experiment's numbers, apart from the machine."""

    name: str
    question: str
    pictures: tuple[Mapping[str, Any], ...]
    """Facts about each picture, or about the digits: ``sha256``, ``source`` and size.

    The size is ``height``, ``width`` and ``channels`` of a picture; ``samples``, ``inputs`` and ``outputs`` of digits.
    """
    arms: tuple[Arm, ...]
    comparisons: tuple[tuple[str, str], ...]
    """Pairs (arm, arm that it is compared with): the family of simultaneous confidence intervals."""
    seeds: tuple[int, ...]
    tuning: Tuning | None
    """Search for each arm's learning rate, or other numbers; None: those of the recipe."""
    equal: str = "epochs"
    """What is equal for all arms: epochs, operations or seconds; with samples, epochs, and samples of all pictures."""
    task: str = "picture"
    """Name of the task, a key of `MEASURES`."""
    beside: int = 0
    """Comparisons of another experiment that belong to the same family of confidence intervals."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Values by dotted name where the base recipe of arms differs from the default of `paint`.

    The base is the recipe to which arms apply their changes. For readers; each arm's recipe decides.
    """

    def arm(self, name: str) -> Arm:
        """Return the arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)

    def tuned_fields(self, arm: str) -> tuple[TunedField, ...]:
        """Return the numbers that are tuned in an arm, by name; none where only learning rates are, or nothing."""
        return () if self.tuning is None else self.tuning.fields.get(arm, ())

    @property
    def measure(self) -> Measure:
        """Return the measure by which the networks are compared."""
        return MEASURES[self.task]

    @property
    def picture(self) -> Mapping[str, Any]:
        """Return the facts about the first picture, or about the digits."""
        return self.pictures[0]

    @property
    def has_set(self) -> bool:
        """Return whether the verdict is about pictures like these, rather than about one picture."""
        return len(self.pictures) > 1

    @cached_property
    def picture_names(self) -> tuple[str, ...]:
        """Return a unique short name of each picture: its file's name without folder and extension."""
        names = [str(each["source"]).replace("\\", "/").rsplit("/", 1)[-1] for each in self.pictures]
        stems = [name.rsplit(".", 1)[0] or name for name in names]
        short = [stem if stems.count(stem) == 1 else name for stem, name in zip(stems, names, strict=True)]
        return tuple(name if short.count(name) == 1 else f"{name} ({number + 1})" for number, name in enumerate(short))

    def samples(self, picture: int = 0) -> int:
        """Return the number of samples of an epoch of a picture, or of the digits."""
        facts = self.pictures[picture]
        return facts["samples"] if self.task == "digits" else facts["height"] * facts["width"]

    def epochs_factor(self, picture: int) -> float:
        """Return the factor of a picture's epochs: with equal samples, it trains on those of the smallest picture."""
        if self.equal != "samples":
            return 1.0
        return min(map(self.samples, range(len(self.pictures)))) / self.samples(picture)

    @cached_property
    def optimizers(self) -> tuple[Optimizer, ...]:
        """Return the optimizers of all arms, each once."""
        return tuple(dict.fromkeys(arm.recipe.training.optimizer for arm in self.arms))

    @cached_property
    def tuning_pictures(self) -> tuple[int, ...]:
        """Return the pictures for tuning, as many as tuning seeds, which the verdict does not use if enough are left.

        They are chosen by their content, so that their order and names do not matter.
        """
        if self.tuning is None:
            return ()
        by_content = sorted(range(len(self.pictures)), key=lambda number: self.pictures[number]["sha256"])
        return tuple(by_content[: self.tuning.seeds])

    @cached_property
    def verdict_pictures(self) -> tuple[int, ...]:
        """Return the pictures of the verdict."""
        others = [number for number in range(len(self.pictures)) if number not in self.tuning_pictures]
        return tuple(others if len(others) >= FEWEST_PICTURES else range(len(self.pictures)))

    @cached_property
    def verdict_units(self) -> tuple[Unit, ...]:
        """Return every (picture, seed) of the verdict."""
        return tuple((picture, seed) for picture in self.verdict_pictures for seed in self.seeds)

    @cached_property
    def tuning_units(self) -> tuple[Unit, ...]:
        """Return the (picture, seed) that every rate is tried on: each seed on another picture, as far as they go."""
        pictures = self.tuning_pictures
        return tuple((pictures[number % len(pictures)], seed) for number, seed in enumerate(self.tuning_seeds))

    @cached_property
    def tuning_seeds(self) -> tuple[int, ...]:
        """Return the seeds for tuning: the same for every arm, whatever seed an arm itself sets.

        None of them is a seed of the verdict, even after more of those are added.
        """
        if self.tuning is None:
            return ()
        seeds = sorted({arm.recipe.seed for arm in self.arms})
        free = (
            seed
            for seed in count(seeds[0] + FIRST_TUNING_SEED)
            if not any(0 <= seed - each < MOST_SEEDS for each in seeds)
        )
        return tuple(islice(free, self.tuning.seeds))

    @property
    def family(self) -> int:
        """Return the number of comparisons whose confidence intervals hold together."""
        return len(self.comparisons) + self.beside

    def to_values(self) -> dict[str, Any]:
        """Return the content of plan.json."""
        # Omitted where empty, so that the ids of folders do not depend on fields that they do not use.
        more = {"task": self.task} if self.task != "picture" else {}
        more |= {"beside": self.beside} if self.beside else {}
        more |= {"defaults": dict(self.defaults)} if self.defaults else {}
        return {
            **more,
            "layout": LAYOUT,
            "name": self.name,
            "question": self.question,
            "pictures": [dict(each) for each in self.pictures],
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
            "tuning": None if self.tuning is None else self.tuning.to_values(),
            "equal": self.equal,
        }

    @staticmethod
    def of(data: Mapping[str, Any]) -> Plan:
        """Return a plan from the values of `to_values`. Raises RunError for another layout or damaged values."""
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
                pictures=tuple(data["pictures"]),
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
                tuning=None if data["tuning"] is None else Tuning.of(data["tuning"]),
                equal=data["equal"],
                task=data.get("task", "picture"),
                beside=data.get("beside", 0),
                defaults=data.get("defaults", {}),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RunError(f"the plan must be one that Sfumato wrote: {error}.") from None

    @property
    def id(self) -> str:
        """Return eight hexadecimal digits, the same for the same question, picture and arms, however many seeds."""
        data = self.to_values()
        del data["seeds"]
        data.pop("defaults", None)
        data["pictures"] = [each["sha256"] for each in self.pictures]
        for arm in data["arms"]:
            arm["recipe"]["picture"]["source"] = self.picture["sha256"]
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def check_count(arms: int) -> None:
    """Raise RecipeError unless that many arms can be compared."""
    if arms < 2:
        raise RecipeError(f"a comparison must have 2 to {MOST_ARMS} arms. Got {arms}.")
    if arms > MOST_ARMS:
        raise RecipeError(
            f"a comparison must have 2 to {MOST_ARMS} arms. Got {arms}; make several of them, each with the same "
            "first arm, with which all others are compared."
        )


def checked(plan: Plan) -> Plan:
    """Return the plan, or raise RecipeError in one line if it compares nothing, or things that cannot be compared."""
    names = [arm.name for arm in plan.arms]
    check_count(len(names))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(f"every arm must have a unique name. Got {twice[0]!r} twice.")
    for arm in plan.arms:
        if not 0 <= arm.recipe.seed <= LARGEST_SEED:
            raise RecipeError(f"arm {arm.name}: seed must be 0 to {LARGEST_SEED:,}. Got {arm.recipe.seed}.")
        if arm.recipe.budget.psnr is not None:
            raise RecipeError(f"arm {arm.name}: budget.psnr must be none, so that all arms train alike. Got a number.")
        if plan.equal == "samples" and arm.recipe.budget.seconds is not None:
            raise RecipeError(
                f"arm {arm.name}: budget.seconds must be none where samples are equal. Got "
                f"{arm.recipe.budget.seconds:g}; give budget.epochs."
            )
        if arm.first is not None and arm.recipe.budget.epochs is None:
            raise RecipeError(f"arm {arm.name}: budget.epochs must be given, to be divided into phases. Got none.")
    return plan if plan.tuning is None else replace(plan, tuning=_resolved(plan.tuning, plan.arms))


def _resolved(tuning: Tuning, arms: tuple[Arm, ...]) -> Tuning:
    """Return the search with what it means in each arm. Raises RecipeError."""
    if not tuning.asked:
        return tuning
    found = replace(tuning, fields=resolved(tuning.asked, {arm.name: arm.recipe for arm in arms}))
    if tuning.candidates and not found.halves:
        raise RecipeError(
            "tuning trials are for arms with several tuned fields. Got none with more than one; leave them out."
        )
    if any(_counts_steps(arm.recipe) and _tunes_batch(found, arm.name) for arm in arms):
        raise RecipeError(
            "tune must not have training.batch where a budget counts steps: a larger batch would train more. Give "
            "budget.epochs."
        )
    return replace(found, candidates=(tuning.candidates or DEFAULT_CANDIDATES) if found.halves else 0)


def _counts_steps(recipe: Recipe) -> bool:
    return recipe.budget.steps is not None and recipe.budget.epochs is None


def _tunes_batch(tuning: Tuning, arm: str) -> bool:
    return any("training.batch" in each.paths for each in tuning.fields[arm])
