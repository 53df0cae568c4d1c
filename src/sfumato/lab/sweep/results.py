"""What a sweep has tried: its configurations, the best of them, and their table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.errors import RunError
from sfumato.lab.sweep import study as studies
from sfumato.lab.sweep.folder import Folder
from sfumato.lab.sweep.spec import Spec
from sfumato.recipe import Recipe
from sfumato.tables import Table

if TYPE_CHECKING:
    import optuna

RESULTS = ("psnr", "ssim", "parameters", "gflop", "seconds", "status", "reason", "recipe")
"""Attributes of a configuration in the database, and columns of the sweep's table."""

KINDS: dict[str, type] = {
    "number": int,
    "state": str,
    "parameters": int,
    "status": str,
    "reason": str,
    "recipe": str,
}


@dataclass(frozen=True)
class Configuration:
    """One point of the space, and what its trainings came to."""

    number: int
    parameters: Mapping[str, Any]
    """Optuna's names and values."""
    results: Mapping[str, Any]
    """Means over the pictures and seeds, by the names of `RESULTS`."""
    pruned: bool

    @property
    def psnr(self) -> float:
        """Mean PSNR in dB; of a pruned training at the point where it ended."""
        return float(self.results["psnr"])

    @property
    def is_whole(self) -> bool:
        """Whether all of its trainings went to their end."""
        return not self.pruned and self.results["status"] == "finished"

    @property
    def recipe(self) -> Recipe:
        """The whole recipe."""
        from sfumato.recipe.source import read

        return read(self.results["recipe"])


@dataclass(frozen=True)
class Sweep:
    """A sweep and what it has tried so far."""

    folder: Folder
    spec: Spec
    configurations: tuple[Configuration, ...]

    def best(self, count: int = 1) -> list[Configuration]:
        """Return the best configurations by the first objective, the best first, each recipe once.

        Those that were pruned, diverged, or failed are left out.
        """
        name = self.spec.objectives[0]
        sign = 1 if studies.OBJECTIVES[name] == "maximize" else -1
        whole = [each for each in self.configurations if each.is_whole and each.results.get(name) is not None]
        ordered = sorted(whole, key=lambda each: (-sign * each.results[name], each.number))
        return list({each.results["recipe"]: each for each in reversed(ordered)}.values())[::-1][:count]

    def pareto(self) -> list[Configuration]:
        """Return the configurations that no other beats in all objectives, in order of the first."""
        signs = [1 if studies.OBJECTIVES[name] == "maximize" else -1 for name in self.spec.objectives]
        whole = [
            (each, [sign * each.results[name] for sign, name in zip(signs, self.spec.objectives, strict=True)])
            for each in self.best(len(self.configurations))
            if all(each.results.get(name) is not None for name in self.spec.objectives)
        ]
        return [
            each
            for each, of_each in whole
            if not any(all(a >= b for a, b in zip(of, of_each, strict=True)) and of != of_each for _, of in whole)
        ]

    def table(self) -> Table:
        """Return one row per configuration: number, state, results, and the parameters by name."""
        names = dict.fromkeys(name for each in self.configurations for name in each.parameters)
        columns: dict[str, list[Any]] = {
            "number": [each.number for each in self.configurations],
            "state": ["pruned" if each.pruned else "complete" for each in self.configurations],
            **{name: [each.results.get(name) for each in self.configurations] for name in RESULTS},
        }
        kinds = dict(KINDS)
        for name in names:
            found = [each.parameters.get(name) for each in self.configurations]
            known = [value for value in found if value is not None]
            kinds[name] = next((kind for kind in (int, float) if all(isinstance(each, kind) for each in known)), str)
            columns[name] = found
        return Table(columns, kinds)


def load_sweep(path: str | Path) -> Sweep:
    """Return the sweep in a folder. Raises RunError if there is none."""
    folder = Folder(Path(path))
    found = folder.read() if folder.path.exists() else None
    if found is None:
        raise RunError(f"{path} must be the folder of a sweep. Got one without a sweep.")
    spec, storage = found
    address = storage or studies.default_storage(folder.path)
    with studies.opened(spec, address, spec.id, create=False) as database:
        return results_of(folder, spec, database.study)


def results_of(folder: Folder, spec: Spec, study: optuna.Study) -> Sweep:
    """Return what has been tried in a study."""
    optuna = studies.load_optuna()
    return Sweep(
        folder,
        spec,
        tuple(
            Configuration(
                each.number,
                dict(each.params),
                {name: each.user_attrs.get(name) for name in RESULTS},
                each.state == optuna.trial.TrialState.PRUNED,
            )
            for each in studies.finished(study)
        ),
    )
