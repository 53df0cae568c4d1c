"""The choices that a recipe makes: each a small frozen object, written like a call."""

from sfumato.recipe.choices.activations import Activation, Gauss, LeakyReLU, ReLU, Sigmoid, Sine, Tanh
from sfumato.recipe.choices.choice import Choice
from sfumato.recipe.choices.encodings import Encoding, Fourier, Plain
from sfumato.recipe.choices.initializations import (
    Distribution,
    Edges,
    Gaussian,
    Glorot,
    He,
    IndependentWeights,
    Initialization,
    LeCun,
    Orthogonal,
    Siren,
)
from sfumato.recipe.choices.losses import Absolute, Huber, Loss, Squared
from sfumato.recipe.choices.optimizer import ElementwiseOptimizer, Optimizer
from sfumato.recipe.choices.optimizers import (
    KFAC,
    LBFGS,
    SGD,
    SOAP,
    Adam,
    AdamW,
    Foof,
    Muon,
    RMSprop,
    Rprop,
)
from sfumato.recipe.choices.orders import Fixed, Order, Replacement, Scan, Shuffled
from sfumato.recipe.choices.schedules import Constant, Cosine, Linear, Schedule
from sfumato.recipe.choices.shapes import Residual, Shape, Skip, Straight

FAMILIES: tuple[type[Choice], ...] = (Activation, Encoding, Initialization, Loss, Optimizer, Order, Schedule, Shape)
"""Every family, in alphabetical order."""

__all__ = [
    "FAMILIES",
    "KFAC",
    "LBFGS",
    "SGD",
    "SOAP",
    "Absolute",
    "Activation",
    "Adam",
    "AdamW",
    "Choice",
    "Constant",
    "Cosine",
    "Distribution",
    "Edges",
    "ElementwiseOptimizer",
    "Encoding",
    "Fixed",
    "Foof",
    "Fourier",
    "Gauss",
    "Gaussian",
    "Glorot",
    "He",
    "Huber",
    "IndependentWeights",
    "Initialization",
    "LeCun",
    "LeakyReLU",
    "Linear",
    "Loss",
    "Muon",
    "Optimizer",
    "Order",
    "Orthogonal",
    "Plain",
    "RMSprop",
    "ReLU",
    "Replacement",
    "Residual",
    "Rprop",
    "Scan",
    "Schedule",
    "Shape",
    "Shuffled",
    "Sigmoid",
    "Sine",
    "Siren",
    "Skip",
    "Squared",
    "Straight",
    "Tanh",
]
