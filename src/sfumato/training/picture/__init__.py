"""The problem of learning a picture: its pixels are the samples, and paintings are compared with it."""

from sfumato.training.picture.evaluation import PictureMetrics
from sfumato.training.picture.problem import PictureProblem, PictureSnapshot

__all__ = ["PictureMetrics", "PictureProblem", "PictureSnapshot"]
