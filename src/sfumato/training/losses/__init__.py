"""Losses: one per file, each with its derivative where it is compiled."""

from sfumato.training.losses.loss import Implementation, PictureImplementation, of_picture, per_sample, total

__all__ = ["Implementation", "PictureImplementation", "of_picture", "per_sample", "total"]
