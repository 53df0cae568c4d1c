"""The claims of 2012 about this task and MNIST, as three counts and two verdicts of one line each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sfumato.errors import RunError
from sfumato.lab import verdict
from sfumato.lab.digits.epoch_time import EpochTime
from sfumato.lab.experiment import Experiment
from sfumato.lab.layout import FOLDER
from sfumato.lab.plan import Plan
from sfumato.lab.questions import mnist_claim

PAGE = "report.html"

HELPS = {1: "depth helps", -1: "depth hurts", 0: "depth is not shown to help or to hurt"}


@dataclass(frozen=True)
class Claim:
    """Results of the experiments on the claim about MNIST."""

    epoch_time: EpochTime
    picture: Experiment
    digits: Experiment

    def ratios(self) -> tuple[float, float]:
        """Return the ratios of MNIST to the picture: input values per epoch, and multiply-adds."""
        (many, few), (products, more) = mnist_claim.input_values(), self._multiply_adds()
        return many / few, products / more

    def _multiply_adds(self) -> tuple[int, int]:
        return mnist_claim.multiply_adds(self.picture.plan.arms[0].recipe)

    def counts(self) -> list[str]:
        """Return lines that compare an epoch of MNIST with one of the picture: input values, multiply-adds, seconds."""
        values, on_picture = mnist_claim.input_values()
        products, fewer = self._multiply_adds()
        by_values, by_products = self.ratios()
        times = self.epoch_time
        return [
            f"input values per epoch: MNIST {mnist_claim.MNIST_INPUTS} x {mnist_claim.MNIST_SAMPLES:,} = {values:,}, "
            f"the picture 2 x 300 x 429 = {on_picture:,}: {by_values:.2f} times as many",
            f"multiply-adds per epoch, forward pass, 4x300 hidden units on both: MNIST {products / 1e9:.1f} billion, "
            f"the picture {fewer / 1e9:.1f} billion: {by_products:.2f} times as many",
            f"time per epoch, 4x300 hidden units on both: MNIST {times.digits:.2f} s, the picture "
            f"{times.picture:.2f} s: {times.ratio:.2f} times as long (medians of n = {times.rounds}, alternating, "
            f"{times.steps} steps of batch {times.batch} scaled to an epoch; engine {times.engine}, "
            f"{times.threads} threads)",
        ]

    def verdicts(self) -> list[str]:
        """Return two lines on whether depth helps, on the picture and on digits, at equal numbers of parameters."""
        return [self.verdict(experiment) for experiment in (self.picture, self.digits)]

    def verdict(self, experiment: Experiment) -> str:
        """Return the line about one of the two experiments."""
        (comparison,) = verdict.comparisons(experiment)
        where = "the picture" if experiment.plan.task == "picture" else str(experiment.plan.picture["source"])
        words = HELPS[comparison.sign]
        return f"on {where} {words}: {verdict.sentence(experiment, comparison)}"


def default_folder(plans: tuple[Plan, Plan]) -> Path:
    """Return the default output folder: the same plans give the same folder."""
    both = hashlib.sha256("".join(plan.id for plan in plans).encode()).hexdigest()[:8]
    return Path(FOLDER) / f"{mnist_claim.NAME}-{both}"


def checked(folder: Path) -> Path:
    """Return the folder, or raise RunError if it holds files that do not belong to such an experiment."""
    expected = {mnist_claim.PICTURE, mnist_claim.DIGITS, PAGE}
    if folder.exists() and (not folder.is_dir() or any(entry.name not in expected for entry in folder.iterdir())):
        raise RunError(
            f"{folder} must be a folder of {mnist_claim.NAME}, or empty. Got something else; choose another (--out)."
        )
    return folder
