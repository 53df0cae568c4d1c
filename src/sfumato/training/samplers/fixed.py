"""The permutation of the first epoch in every epoch."""

from __future__ import annotations

from sfumato.training.samplers.sampler import seeded
from sfumato.training.samplers.shuffled import permutation

IMPLEMENTATION = seeded(lambda choice, context, epoch: permutation(choice, context, 0))
