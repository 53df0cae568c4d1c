"""The choices of a recipe: small frozen objects, written like calls."""

from sfumato.recipe.choices.activations import Activation, GaussianActivation, LeakyReLU, ReLU, Sigmoid, Sine, Tanh
from sfumato.recipe.choices.averagings import EMA, Averaging, NoAveraging
from sfumato.recipe.choices.choice import Choice
from sfumato.recipe.choices.connectivities import Connectivity, Plain, Residual, Skip
from sfumato.recipe.choices.encodings import Encoding, Fourier, Identity
from sfumato.recipe.choices.initializations import (
    Distribution,
    Gaussian,
    Glorot,
    He,
    IndependentWeights,
    Initialization,
    LeCun,
    Orthogonal,
    RandomHyperplanes,
    Siren,
)
from sfumato.recipe.choices.library_optimizers import Adan, Apollo, Lion, ScheduleFree, Shampoo
from sfumato.recipe.choices.losses import L1, MSE, Huber, Loss
from sfumato.recipe.choices.optimizer import ElementwiseOptimizer, Optimizer
from sfumato.recipe.choices.optimizers import (
    FOOF,
    KFAC,
    LBFGS,
    SGD,
    SOAP,
    Adam,
    AdamW,
    Muon,
    RMSprop,
    Rprop,
)
from sfumato.recipe.choices.samplers import Fixed, Replacement, Sampler, Sequential, Shuffled
from sfumato.recipe.choices.schedules import Constant, Cosine, Linear, Schedule
from sfumato.recipe.choices.splits import (
    AreaAverage,
    Checkerboard,
    NoSplit,
    RandomSplit,
    Rectangle,
    RegularGrid,
    Split,
)

FAMILIES: tuple[type[Choice], ...] = (
    Activation,
    Averaging,
    Connectivity,
    Encoding,
    Initialization,
    Loss,
    Optimizer,
    Sampler,
    Schedule,
    Split,
)
"""Every family, in alphabetical order."""

__all__ = [
    "EMA",
    "FAMILIES",
    "FOOF",
    "KFAC",
    "L1",
    "LBFGS",
    "MSE",
    "SGD",
    "SOAP",
    "Activation",
    "Adam",
    "AdamW",
    "Adan",
    "Apollo",
    "AreaAverage",
    "Averaging",
    "Checkerboard",
    "Choice",
    "Connectivity",
    "Constant",
    "Cosine",
    "Distribution",
    "ElementwiseOptimizer",
    "Encoding",
    "Fixed",
    "Fourier",
    "Gaussian",
    "GaussianActivation",
    "Glorot",
    "He",
    "Huber",
    "Identity",
    "IndependentWeights",
    "Initialization",
    "LeCun",
    "LeakyReLU",
    "Linear",
    "Lion",
    "Loss",
    "Muon",
    "NoAveraging",
    "NoSplit",
    "Optimizer",
    "Orthogonal",
    "Plain",
    "RMSprop",
    "RandomHyperplanes",
    "RandomSplit",
    "ReLU",
    "Rectangle",
    "RegularGrid",
    "Replacement",
    "Residual",
    "Rprop",
    "Sampler",
    "Schedule",
    "ScheduleFree",
    "Sequential",
    "Shampoo",
    "Shuffled",
    "Sigmoid",
    "Sine",
    "Siren",
    "Skip",
    "Split",
    "Tanh",
]
