"""Painting the saved moments of one run, at a reduced resolution where that makes no visible difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.render import zoom
from sfumato.render.pixels import resampled
from sfumato.render.zoom import Size
from sfumato.rng import rng_for
from sfumato.runs import Run

SAMPLED_PIXELS = 4096
"""Number of pixels from which the PSNR of a moment is estimated, to about 0.1 dB."""

COMPARED_PIXELS = 1024
"""Number of pixels at which a coarse painting is compared with exact outputs."""

INVISIBLE_RMSE = 0.75 / 255
"""Root-mean-square error that enlarging a painting may have. With 1 / 255, one level of a screen, edges look softer
than they are when two films are compared side by side."""
MIN_SAMPLES = 4096
"""Smallest number of samples of a painting that has at least as many pixels; fewer would hardly save time."""
INITIAL_STRIDE = 3.0
"""Pixels of the film per sample, along each side, of the first attempt."""
ERROR_ORDER = 1.7
"""Measured power of the stride with which the error grows: 2 where a painting is curved, 1 at edges."""
TOLERANCE = 1.25
"""Factor by which the error may exceed `INVISIBLE_RMSE` before the painting is made again."""


@dataclass(frozen=True)
class PixelSample:
    """Some pixels of a painting."""

    pixels: NDArray[np.int64]
    """(n,) indices of the pixels, row by row."""
    colors: NDArray[np.float32]
    """(n, C) in [0, 1] as sRGB."""

    def rmse(self, painting: NDArray[np.float32]) -> float:
        """Return the root-mean-square error of another painting (H, W, C) of the same size at these pixels."""
        values = painting.reshape(-1, painting.shape[2])[self.pixels]
        return math.sqrt(images.mse(values[None], self.colors[None]))


class Painter:
    """A painter of saved moments, which loads their weights into one network in turn."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._recipe = run.recipe
        picture = run.picture
        height, width, channels = picture.shape
        self._picture = (height, width)
        self._sample_pixels = rng_for(self._recipe.seed, "film").permutation(height * width)[:SAMPLED_PIXELS]
        rows, columns = models.axes(self._recipe.coordinates, height, width)
        row, column = np.divmod(self._sample_pixels, width)
        self._sample_coordinates = np.stack([rows[row], columns[column]], axis=1)
        self._sample_targets = picture.reshape(-1, channels)[self._sample_pixels]
        self._model: torch.nn.Module | None = None
        self._sample_outputs: NDArray[np.floating] | None = None

    def load(self, moment: Path) -> torch.nn.Module:
        """Load the weights of a moment into the network, and return it. Raises RunError.

        The network that an earlier call returned is changed.
        """
        self._model, _ = self._run.model(moment, self._model)
        self._sample_outputs = None
        return self._model

    def paint(self, moment: Path, rows: int, columns: int) -> tuple[NDArray[np.float32], float]:
        """Paint a moment as sRGB (rows, columns, C) in [0, 1]; return it with its PSNR as `psnr` does."""
        self.load(moment)
        return self.paint_loaded(rows, columns), self.psnr()

    def paint_loaded(self, rows: int, columns: int) -> NDArray[np.float32]:
        """Paint the loaded moment as sRGB (rows, columns, C) in [0, 1]."""
        region = zoom.aligned_region(self._recipe.coordinates, self._picture, (rows, columns))
        return zoom.paint(self._loaded(), self._recipe, (rows, columns), region)

    def sample(self, size: Size) -> PixelSample:
        """Return the outputs of the loaded moment at random pixels of a painting of ``size``.

        At the picture's own size these are the pixels of the PSNR, whose outputs are computed once per moment.
        """
        if size == self._picture:
            return PixelSample(
                self._sample_pixels, images.to_srgb(self._outputs_at_sample(), self._recipe.picture.transfer)
            )
        pixels = rng_for(self._recipe.seed, "compared").integers(size[0] * size[1], size=COMPARED_PIXELS)
        region = zoom.aligned_region(self._recipe.coordinates, self._picture, size)
        return PixelSample(pixels, zoom.paint_pixels(self._loaded(), self._recipe, size, pixels, region))

    def psnr(self) -> float:
        """Return the PSNR of the loaded moment in dB, over a sample of the picture's own pixels."""
        return images.psnr(images.mse(np.clip(self._outputs_at_sample(), 0, 1), self._sample_targets))

    def _outputs_at_sample(self) -> NDArray[np.floating]:
        if self._sample_outputs is None:
            self._sample_outputs = zoom.values(self._loaded(), self._recipe, self._sample_coordinates)
        return self._sample_outputs

    def _loaded(self) -> torch.nn.Module:
        assert self._model is not None, "load a moment first"
        return self._model


class AdaptiveResolution:
    """A painter of successive moments at a film's size, from as few samples as sufficed for the moment before."""

    def __init__(self, painter: Painter, size: Size) -> None:
        """Set up for paintings of ``size`` (rows, columns)."""
        self._painter = painter
        self._size = size
        self._max_stride = max(1.0, math.sqrt(size[0] * size[1] / MIN_SAMPLES))
        self._stride = min(INITIAL_STRIDE, self._max_stride)

    def paint(self, moment: Path, max_size: Size) -> tuple[NDArray[np.float32], float]:
        """Return a painting (rows, columns, C) in [0, 1], and the PSNR as `Painter.paint` does.

        The painting has the film's size, or ``max_size``, beyond which nothing is sampled. Its error against the
        outputs of the network at the film's own pixels is measured at some of them.
        """
        self._painter.load(moment)
        exact = self._painter.sample(self._size)
        while True:
            rows, columns = self._coarse_size(max_size)
            painting = self._painter.paint_loaded(rows, columns)
            if (rows, columns) == max_size:
                break
            enlarged = np.clip(resampled(painting, (self._size[1], self._size[0])), 0, 1)
            error = exact.rmse(enlarged)
            # The error is nan where the network diverged; there is nothing to see then.
            refinement = (error / INVISIBLE_RMSE) ** (1 / ERROR_ORDER) if error > 0 else 0.5
            self._stride = min(max(self._stride / min(max(refinement, 0.8), 3.0), 1.0), self._max_stride)
            if not error > TOLERANCE * INVISIBLE_RMSE:
                painting = enlarged
                break
        return painting, self._painter.psnr()

    def _coarse_size(self, max_size: Size) -> Size:
        size = (max(2, round(self._size[0] / self._stride)), max(2, round(self._size[1] / self._stride)))
        return max_size if size[0] >= max_size[0] or size[1] >= max_size[1] else size
