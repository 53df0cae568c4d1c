"""The recipe: everything that decides a run, as frozen plain data."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from sfumato.errors import RecipeError
from sfumato.recipe.budget import Budget
from sfumato.recipe.model import Model
from sfumato.recipe.picture import Coordinates, Picture
from sfumato.recipe.section import Section
from sfumato.recipe.training import Data, Evaluation, Training

EngineName = Literal["auto", "replica", "online", "fused", "concurrent", "autograd"]


class Recipe(Section):
    """Everything that decides a run. The default is the preset ``fast``."""

    picture: Picture = Picture()
    coordinates: Coordinates = Coordinates()
    data: Data = Data()
    model: Model = Model()
    training: Training = Training()
    budget: Budget = Budget(seconds=3)
    evaluation: Evaluation = Evaluation()
    seed: int = Field(default=0, ge=-(2**63), lt=2**63, description="seed of all random numbers")
    engine: EngineName = Field(
        default="auto", description="training engine; auto: the fastest that supports the recipe"
    )
    threads: int = Field(default=0, ge=0, le=1024, description="CPU threads; 0: one per core")
    dtype: Literal["auto", "float32", "float64"] = Field(
        default="auto", description="data type of weights and arithmetic; auto: float64 for replica, else float32"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="device that trains; auto: CUDA where available"
    )

    @model_validator(mode="after")
    def _schedule_has_an_end(self) -> Self:
        schedule = self.training.schedule
        if not self.budget.has_known_end and schedule.needs_end():
            raise RecipeError(
                f"must have budget.epochs, budget.steps or budget.seconds for the schedule {schedule}, which needs an "
                "end. Got budget.psnr alone; add one, or use training.schedule constant."
            )
        return self

    @model_validator(mode="after")
    def _outputs_reach_the_targets(self) -> Self:
        if self.data.target_range == "signed" and self.model.output_activation == "sigmoid":
            raise RecipeError(
                "must have model.output_activation linear for data.target_range signed: the outputs of a sigmoid are "
                "in (0, 1). Got sigmoid; use one of linear and unit."
            )
        return self
