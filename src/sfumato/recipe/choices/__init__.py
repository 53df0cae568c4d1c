"""The choices of a recipe: small frozen objects, written like calls."""

from sfumato.recipe.choices.activations import Activation, GaussianActivation, LeakyReLU, ReLU, Sigmoid, Sine, Tanh
from sfumato.recipe.choices.choice import Choice
from sfumato.recipe.choices.connectivities import Connectivity, Plain, Residual, Skip
from sfumato.recipe.choices.encodings import Basic, Encoding, Fourier, Identity, OneBlob, Positional, TriangleWave
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

FAMILIES: tuple[type[Choice], ...] = (
    Activation,
    Connectivity,
    Encoding,
    Initialization,
    Loss,
    Optimizer,
    Sampler,
    Schedule,
)
"""Every family, in alphabetical order."""

__all__ = [
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
    "Basic",
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
    "Loss",
    "Muon",
    "OneBlob",
    "Optimizer",
    "Orthogonal",
    "Plain",
    "Positional",
    "RMSprop",
    "RandomHyperplanes",
    "ReLU",
    "Replacement",
    "Residual",
    "Rprop",
    "Sampler",
    "Schedule",
    "Sequential",
    "Shuffled",
    "Sigmoid",
    "Sine",
    "Siren",
    "Skip",
    "Tanh",
    "TriangleWave",
]
