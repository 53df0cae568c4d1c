"""A sweep as frozen plain data: the space, the base recipe, and how configurations are judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfumato.errors import RecipeError, RunError
from sfumato.lab.sweep import space as spaces
from sfumato.lab.sweep.space import Space
from sfumato.recipe import Recipe, values

LAYOUT = 1
"""Version of the layout of sweep.json; a folder of another version is refused."""

OBJECTIVES = {
    "psnr": "maximize",
    "ssim": "maximize",
    "parameters": "minimize",
    "gflop": "minimize",
    "seconds": "minimize",
}
"""What a configuration is judged by, and the direction of the better."""

SAMPLERS = {
    "tpe": "tree-structured Parzen estimator (Bergstra et al. 2011)",
    "random": "independent draws",
    "sobol": "a quasi-random sequence (Sobol 1967), which fills the space evenly",
    "cma-es": "covariance matrix adaptation (Hansen 2001), for numbers alone",
    "grid": "every combination, of spaces without fractions",
}

PRUNERS = {
    "none": "every training goes on to its end",
    "median": "a training ends early if it is worse than the median at the same point",
    "halving": "successive halving (Jamieson and Talwalkar 2016)",
}

MAX_GRID = 2_000
"""Combinations of a grid, each of which is queued in the database."""

FIRST_SEED = 2_000_000
"""First seed of a sweep, so that a comparison of its best configurations has fresh ones."""


@dataclass(frozen=True)
class Spec:
    """Everything that decides what a sweep tries, apart from the number of configurations."""

    space: Space
    base: Recipe
    pictures: tuple[Mapping[str, Any], ...]
    """Facts about each picture, as in a `Plan`."""
    seeds: int = 1
    objectives: tuple[str, ...] = ("psnr",)
    sampler: str = "tpe"
    pruner: str = "none"
    equal: str = "epochs"

    @property
    def units(self) -> tuple[tuple[int, int], ...]:
        """Every (picture, seed) that a configuration is trained on, each seed on one picture."""
        seeds = [FIRST_SEED + self.base.seed + number for number in range(self.seeds * len(self.pictures))]
        return tuple((number // self.seeds, seed) for number, seed in enumerate(seeds))

    def to_values(self) -> dict[str, Any]:
        """Return the content of sweep.json."""
        return {
            "layout": LAYOUT,
            "space": self.space.as_values(),
            "base": values(self.base),
            "pictures": [dict(each) for each in self.pictures],
            "seeds": self.seeds,
            "objectives": list(self.objectives),
            "sampler": self.sampler,
            "pruner": self.pruner,
            "equal": self.equal,
        }

    @staticmethod
    def of(data: Any) -> Spec:
        """Return a spec from the values of `to_values`. Raises RunError for another layout or damaged values."""
        found = data.get("layout") if isinstance(data, Mapping) else data
        if found != LAYOUT:
            raise RunError(
                f"the sweep must have layout {LAYOUT}. Got {found!r}; sweep again in another folder (--out)."
            )
        try:
            if not data["pictures"]:
                raise ValueError("it has no pictures")
            base = Recipe.of(data["base"])
            return checked(
                Spec(
                    spaces.parse(base, data["space"]),
                    base,
                    tuple(data["pictures"]),
                    data["seeds"],
                    tuple(data["objectives"]),
                    data["sampler"],
                    data["pruner"],
                    data["equal"],
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"the sweep must be one that Sfumato wrote: {error}.") from None

    @property
    def id(self) -> str:
        """Eight hexadecimal digits, the same for the same space, recipe, pictures and judgment."""
        data = self.to_values()
        data["pictures"] = [each["sha256"] for each in self.pictures]
        data["base"]["picture"]["source"] = self.pictures[0]["sha256"]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]


def checked(spec: Spec) -> Spec:
    """Return the spec, or raise RecipeError in one line if it cannot be carried out."""
    for name, known in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
        if getattr(spec, name) not in known:
            raise RecipeError(f"{name} must be one of {', '.join(known)}. Got {getattr(spec, name)!r}.")
    if not spec.objectives or len(set(spec.objectives)) != len(spec.objectives):
        raise RecipeError(f"objectives must be given, each once. Got {', '.join(spec.objectives) or 'none'}.")
    for name in spec.objectives:
        if name not in OBJECTIVES:
            raise RecipeError(f"objective must be one of {', '.join(OBJECTIVES)}. Got {name!r}.")
    if len(spec.objectives) > 1 and spec.pruner != "none":
        raise RecipeError(f"pruner must be none for several objectives. Got {spec.pruner!r}.")
    if len(spec.objectives) > 1 and spec.sampler == "cma-es":
        raise RecipeError("sampler must not be cma-es for several objectives. Got 'cma-es'; take tpe.")
    if spec.pruner != "none" and spec.objectives != ("psnr",):
        raise RecipeError(f"pruner must be none unless the objective is psnr. Got {spec.pruner!r}.")
    if spec.sampler == "grid" and not spec.space.is_finite:
        raise RecipeError(
            "sampler must not be grid for a range with fractions. Got 'grid'; list the values, or take sobol."
        )
    if spec.sampler == "grid" and spec.space.size > MAX_GRID:
        raise RecipeError(f"a grid must have at most {MAX_GRID:,} combinations. Got {spec.space.size:,}; take sobol.")
    if spec.sampler == "cma-es" and any(len(axis.alternatives) > 1 for axis in spec.space.axes):
        raise RecipeError("sampler must not be cma-es for a field with several values. Got 'cma-es'; take tpe.")
    if not 1 <= spec.seeds <= 1000:
        raise RecipeError(f"seeds must be 1 to 1000. Got {spec.seeds}.")
    if spec.base.budget.psnr is not None:
        raise RecipeError("budget.psnr must be none, so that all configurations train alike. Got a number.")
    return spec
