"""Losses: one per file, each with its derivative where it is compiled."""

from sfumato.training.losses.loss import Implementation, per_sample

__all__ = ["Implementation", "per_sample"]
