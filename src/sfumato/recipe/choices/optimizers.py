"""How a gradient becomes an update."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice, load


@dataclass(frozen=True, config=CONFIG)
class Optimizer(Choice, family="optimizer", implementations="sfumato.training.optimizers.{name}:build"):
    """An optimiser; every one has a learning rate."""

    elementwise: ClassVar[bool] = False
    """Whether a weight's update follows from its own gradients alone, without a product of matrices."""
    hooks_layers: ClassVar[bool] = False
    """Whether it looks at what the samples of a batch leave in the layers, so that a batch cannot be divided."""
    compiled: ClassVar[str] = ""
    """Where its compiled form is, as ``module:attribute``; empty where there is none."""

    lr: float = Field(default=0.001, ge=0, description="learning rate")

    @classmethod
    def compiled_implementation(cls) -> Any:
        """Import and return the compiled form, as `sfumato.training.engines.fused.optimizer` describes it."""
        return load(cls.compiled)


@dataclass(frozen=True, config=CONFIG)
class SGD(Optimizer, name="sgd"):
    """Plain gradient descent; with fan_in_scaling each layer's rate is lr / sqrt(fan_in + 1), the 2012 rule."""

    elementwise: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.sgd:build"

    lr: float = Field(default=0.1, ge=0, description="learning rate")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="part of the last update that is kept")
    nesterov: bool = Field(default=False, description="look ahead along the momentum")
    fan_in_scaling: bool = Field(default=False, description="divide each layer's rate by sqrt(fan_in + 1)")


@dataclass(frozen=True, config=CONFIG)
class Adam(Optimizer, name="adam"):
    """Kingma and Ba 2015."""

    elementwise: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.adam:build"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of their squares")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")


@dataclass(frozen=True, config=CONFIG)
class AdamW(Optimizer, name="adamw"):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    elementwise: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.adam:build_adamw"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    weight_decay: float = Field(default=0.01, ge=0, description="part of a weight that is taken away, times the rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of their squares")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")


@dataclass(frozen=True, config=CONFIG)
class RMSprop(Optimizer, name="rmsprop"):
    """Tieleman and Hinton 2012."""

    elementwise: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.rmsprop:build"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    decay: float = Field(default=0.99, ge=0, lt=1, description="decay of the mean of the squared gradients")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="part of the last update that is kept")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")


@dataclass(frozen=True, config=CONFIG)
class Rprop(Optimizer, name="rprop"):
    """Resilient backpropagation, by the signs of full-batch gradients (Riedmiller and Braun 1993)."""

    elementwise: ClassVar[bool] = True

    lr: float = Field(default=0.01, gt=0, description="first update of every weight")
    increase: float = Field(default=1.2, gt=1, description="factor of the update while the sign stays")
    decrease: float = Field(default=0.5, gt=0, lt=1, description="factor of the update when the sign turns")
    smallest: float = Field(default=1e-6, gt=0, description="smallest update")
    largest: float = Field(default=50.0, gt=0, description="largest update")


@dataclass(frozen=True, config=CONFIG)
class LBFGS(Optimizer, name="lbfgs"):
    """Limited-memory BFGS, for large or full batches (Liu and Nocedal 1989)."""

    lr: float = Field(default=1.0, ge=0, description="learning rate")
    history: int = Field(default=10, ge=1, le=1000, description="pairs of steps remembered")
    iterations: int = Field(default=10, ge=1, le=1000, description="inner iterations a step")
    line_search: Literal["strong_wolfe", "none"] = Field(default="strong_wolfe", description="strong_wolfe or none")


@dataclass(frozen=True, config=CONFIG)
class Muon(Optimizer, name="muon"):
    """Orthogonalised momentum for the hidden matrices, Adam for the rest (Jordan et al. 2024)."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.muon:build"

    lr: float = Field(default=0.05, ge=0, description="learning rate of the hidden matrices")
    momentum: float = Field(default=0.95, ge=0, lt=1, description="part of the last update that is kept")
    nesterov: bool = Field(default=True, description="look ahead along the momentum")
    iterations: int = Field(default=5, ge=1, le=20, description="Newton-Schulz iterations a step")
    adam_lr: float = Field(default=0.005, ge=0, description="Adam's rate for first and last layer and biases")


@dataclass(frozen=True, config=CONFIG)
class Foof(Optimizer, name="foof"):
    """Gradients of hidden layers divided by the second moments of their inputs; Adam for the rest (Benzing 2022)."""

    hooks_layers: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.foof:build"

    lr: float = Field(default=0.1, ge=0, description="size of a hidden layer's update, in parts of an orthogonal one")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="part of the last gradients that is kept")
    damping: float = Field(default=1e-5, gt=0, description="added to the moments, in parts of their mean eigenvalue")
    samples: int = Field(default=128, ge=1, description="inputs of a step whose moments are taken")
    decay: float = Field(default=0.95, ge=0, lt=1, description="part of the last moments that is kept")
    every: int = Field(default=20, ge=1, description="steps between two inversions of the moments")
    adam_lr: float = Field(default=0.005, ge=0, description="Adam's rate for first and last layer")


@dataclass(frozen=True, config=CONFIG)
class SOAP(Optimizer, name="soap"):
    """Adam in the eigenvectors of both second moments of a matrix's gradients (Vyas et al. 2024)."""

    lr: float = Field(default=0.003, ge=0, description="learning rate")
    beta1: float = Field(default=0.95, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.95, ge=0, lt=1, description="decay of the mean of their squares and products")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")
    every: int = Field(default=10, ge=1, description="steps between two turns of the basis towards the eigenvectors")


@dataclass(frozen=True, config=CONFIG)
class KFAC(Optimizer, name="kfac"):
    """Gradients divided by the second moments of a layer's inputs and of its errors (Martens and Grosse 2015)."""

    hooks_layers: ClassVar[bool] = True

    lr: float = Field(default=0.003, ge=0, description="by how much a step is to change the outputs, root mean square")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="part of the last gradients that is kept")
    damping: float = Field(default=1e-9, gt=0, description="added to the Fisher matrix, divided between its factors")
    samples: int = Field(default=128, ge=1, description="samples of a step whose moments are taken")
    decay: float = Field(default=0.95, ge=0, lt=1, description="part of the last moments that is kept")
    every: int = Field(default=20, ge=1, description="steps between two inversions of the moments")
    adam_lr: float = Field(default=0.005, ge=0, description="Adam's rate for what is not a linear layer")
