"""A check that all arms of a plan can be trained, before the first trial."""

from __future__ import annotations

from sfumato.errors import SfumatoError
from sfumato.images.resize import target_size
from sfumato.lab.plan import Arm, Plan
from sfumato.training.engines import choose
from sfumato.training.picture.evaluation import check_metrics
from sfumato.training.picture.splits import check_split


def check(plan: Plan) -> None:
    """Raise RecipeError or EngineError, naming the arm, unless every arm can be trained on the plan's pictures.

    A custom network is not built here: that may end the process.
    """
    for arm in plan.arms:
        try:
            choose(arm.recipe)
            if plan.task == "picture":
                _check_pictures(arm, plan)
        except SfumatoError as error:
            raise type(error)(f"arm {arm.name}: {error}") from None


def _check_pictures(arm: Arm, plan: Plan) -> None:
    for height, width in {(each["height"], each["width"]) for each in plan.pictures}:
        check_split(arm.recipe, height, width)
        check_metrics(arm.recipe, height, width)
        if arm.first is not None:
            columns, rows = target_size(width, height, None, arm.first.max_side)
            check_split(arm.recipe, rows, columns)
