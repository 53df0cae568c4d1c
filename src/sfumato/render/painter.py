"""The moments of one run, painted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.render import zoom
from sfumato.render.zoom import Size
from sfumato.rng import rng_for
from sfumato.runs import Run
from sfumato.training import outputs

SAMPLED_PIXELS = 4096
"""So many pixels tell the PSNR of a frame that is not painted whole: to about 0.1 dB."""

COMPARED_PIXELS = 1024
"""So many tell how far a coarse painting is from a fine one."""


@dataclass(frozen=True)
class Some:
    """Some pixels of a painting."""

    pixels: NDArray[np.int64]
    """(n,) their numbers, row by row."""
    colors: NDArray[np.float32]
    """(n, C) in [0, 1] as sRGB."""

    def distance(self, painting: NDArray[np.float32]) -> float:
        """The root mean square of what another painting (H, W, C) of this size differs here."""
        there = painting.reshape(-1, painting.shape[2])[self.pixels]
        return math.sqrt(images.mse(there[None], self.colors[None]))


class Painter:
    """Loads a moment's weights into one network, again and again, and asks it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._recipe = run.recipe
        picture = run.picture
        height, width, channels = picture.shape
        self._picture = (height, width)
        self._chosen = rng_for(self._recipe.seed, "film").permutation(height * width)[:SAMPLED_PIXELS]
        down, across = models.axes(self._recipe.coordinates, height, width)
        row, column = np.divmod(self._chosen, width)
        self._sample = np.stack([down[row], across[column]], axis=1)
        self._truth = picture.reshape(-1, channels)[self._chosen]
        self._model: torch.nn.Module | None = None
        self._answers: NDArray[np.floating] | None = None

    def load(self, moment: Path) -> torch.nn.Module:
        """The network at a moment; the one of before is changed. Raises RunError."""
        self._model, _ = self._run.model(moment, self._model)
        self._answers = None
        return self._model

    def paint(self, moment: Path, rows: int, columns: int) -> tuple[NDArray[np.float32], float]:
        """(rows, columns, C) in [0, 1] as sRGB, and the PSNR in dB over a sample of the picture's own pixels."""
        self.load(moment)
        return self.whole(rows, columns), self.psnr()

    def whole(self, rows: int, columns: int) -> NDArray[np.float32]:
        """(rows, columns, C) in [0, 1] as sRGB, by the network as it is now."""
        region = zoom.aligned(self._recipe.coordinates, self._picture, (rows, columns))
        return zoom.painting(self._loaded(), self._recipe, (rows, columns), region)

    def some(self, size: Size) -> Some:
        """What the network as it is now answers at some pixels of a painting of this size.

        Of the picture's own size they are those that tell the PSNR, and are asked for once.
        """
        if size == self._picture:
            return Some(self._chosen, images.to_srgb(self._sampled(), self._recipe.picture.transfer))
        pixels = rng_for(self._recipe.seed, "compared").integers(size[0] * size[1], size=COMPARED_PIXELS)
        region = zoom.aligned(self._recipe.coordinates, self._picture, size)
        return Some(pixels, zoom.painted(self._loaded(), self._recipe, size, pixels, region))

    def psnr(self) -> float:
        """dB of the network as it is now, over a sample of the picture's own pixels."""
        return images.psnr(images.mse(np.clip(self._sampled(), 0, 1), self._truth))

    def _sampled(self) -> NDArray[np.floating]:
        if self._answers is None:
            self._answers = outputs(self._loaded(), self._sample, zoom.threads(self._recipe))
        return self._answers

    def _loaded(self) -> torch.nn.Module:
        assert self._model is not None, "load a moment first"
        return self._model
