"""Activations of hidden units."""

from sfumato.recipe.choices.activations.activation import Activation
from sfumato.recipe.choices.activations.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from sfumato.recipe.choices.activations.sigmoidal import Sigmoid, Tanh
from sfumato.recipe.choices.activations.waves import ComplexGabor, Finer, Gabor, GaussianActivation, Sinc, Sine

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "ComplexGabor",
    "Finer",
    "Gabor",
    "GaussianActivation",
    "LeakyReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Sinc",
    "Sine",
    "Softplus",
    "Tanh",
]
