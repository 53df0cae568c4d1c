"""Samplers: the training samples of one epoch after another; one idea per file."""

from sfumato.training.samplers.sampler import Context, Draws, Sampler, SeededSampler, build, seeded

__all__ = ["Context", "Draws", "Sampler", "SeededSampler", "build", "seeded"]
