"""The moments of one run, painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.render import zoom
from sfumato.runs import Run
from sfumato.streams import stream

SAMPLED_PIXELS = 4096
"""So many pixels tell the PSNR of a frame that is not painted whole: to about 0.1 dB."""


class Painter:
    """Loads a moment's weights into one network, again and again, and asks it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._recipe = run.recipe
        picture = run.picture
        height, width, channels = picture.shape
        self._picture = (height, width)
        chosen = stream(self._recipe.seed, "film").permutation(height * width)[:SAMPLED_PIXELS]
        self._sample = models.grid(self._recipe.coordinates, height, width)[chosen]
        self._truth = picture.reshape(-1, channels)[chosen]
        self._model: torch.nn.Module | None = None

    def load(self, moment: Path) -> torch.nn.Module:
        """The network at a moment; the one of before is changed. Raises RunError."""
        self._model, _ = self._run.model(moment, self._model)
        return self._model

    def paint(self, moment: Path, rows: int, columns: int) -> tuple[NDArray[np.float32], float]:
        """(rows, columns, C) in [0, 1] as sRGB, and the PSNR in dB over a sample of the picture's own pixels."""
        model = self.load(moment)
        region = zoom.aligned(self._recipe.coordinates, self._picture, (rows, columns))
        return zoom.painting(model, self._recipe, (rows, columns), region), self.psnr()

    def psnr(self) -> float:
        """dB of the network as it is now, over a sample of the picture's own pixels."""
        assert self._model is not None, "load a moment first"
        sample = np.clip(models.outputs(self._model, self._sample, zoom.threads(self._recipe)), 0, 1)
        return images.psnr(images.mse(sample, self._truth))
