"""The recipe: everything that decides a run, as frozen plain data."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from sfumato.errors import RecipeError
from sfumato.recipe.budget import Budget
from sfumato.recipe.choices import NoSplit
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
    def _schedule_and_sampler_have_an_end(self) -> Self:
        schedule, sampler = self.training.schedule, self.training.sampler
        for needs, choice, other in (
            (schedule.needs_end(), f"schedule {schedule}", "training.schedule constant"),
            (sampler.needs_end, f"sampler {sampler}", "training.sampler shuffled"),
        ):
            if needs and not self.budget.has_known_end:
                raise RecipeError(
                    f"must have budget.epochs, budget.steps or budget.seconds for the {choice}, which needs an end. "
                    f"Got budget.psnr alone; add one, or use {other}."
                )
        return self

    @model_validator(mode="after")
    def _loss_of_pictures_has_whole_ones(self) -> Self:
        training = self.training
        if not training.loss.of_pictures:
            return self
        for holds, field, rule, value in (
            (training.batch == "all", "training.batch", "all", training.batch),
            (training.sampler.permutes, "training.sampler", "shuffled, sequential or fixed", training.sampler),
            (isinstance(self.data.split, NoSplit), "data.split", "0", self.data.split),
        ):
            if not holds:
                raise RecipeError(
                    f"must have {field} {rule} for the loss {training.loss}, which compares whole pictures. "
                    f"Got {value}."
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

    @model_validator(mode="after")
    def _the_final_layer_is_linear(self) -> Self:
        if self.training.final_layer == "trained":
            return self
        for holds, field, rule, value in (
            (self.model.output_activation == "linear", "output_activation", "linear", self.model.output_activation),
            (self.model.module is None, "module", "none", self.model.module),
        ):
            if not holds:
                raise RecipeError(
                    f"must have model.{field} {rule} for training.final_layer least_squares, which solves for the "
                    f"weights of linear outputs. Got {value}."
                )
        return self

    @model_validator(mode="after")
    def _targets_suit_the_loss(self) -> Self:
        if self.training.loss.of_unit_range and self.data.target_range != "unit":
            raise RecipeError(
                f"must have data.target_range unit for the loss {self.training.loss}, which is defined for that range. "
                f"Got {self.data.target_range}."
            )
        return self
