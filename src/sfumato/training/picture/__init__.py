"""A picture, the first problem: its pixels are what is learned, and paintings are compared with it."""

from sfumato.training.picture.evaluation import PictureMetrics
from sfumato.training.picture.problem import PictureProblem
from sfumato.training.picture.snapshot import PictureSnapshot

__all__ = ["PictureMetrics", "PictureProblem", "PictureSnapshot"]
