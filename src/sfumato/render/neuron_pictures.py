"""Sheets of the hidden units of a run's network, and films of the sheets over the saved moments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from sfumato.errors import RecipeError
from sfumato.models import Region
from sfumato.process_state import scoped
from sfumato.render import neuron_sheet, neurons, rendering
from sfumato.render.film import FilmFormat, film_timing, write_film
from sfumato.render.frame import Frame
from sfumato.render.neuron_sheet import Scale, SheetLayout
from sfumato.render.output import width_height, writable
from sfumato.render.painter import Painter
from sfumato.render.render_options import MAX_SIDE, RenderOptions
from sfumato.runs import Run, replacing, weights

MAX_SHEET_PIXELS = 50_000_000
"""Largest number of pixels of a sheet: the outputs of all its units are in memory at once, as floats."""

Stage = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Sheet:
    number: int
    """Number of the hidden layer, from 1."""
    layout: SheetLayout
    region: Region
    path: Path


@scoped
def draw(run: Run, options: RenderOptions, stage: Stage) -> list[Path]:
    """Write the sheets that `options.neurons` selects, and their films; return their paths.

    A sheet shows each unit's output by row and column, the most important unit first. A film keeps the positions and
    the scales of the selected moment, so that units do not jump. Raises RunError if the network is not a multilayer
    perceptron or has no such layer, or as `rendering.render` does; RecipeError if a sheet would be too large.
    """
    file, when = rendering.moment_of(run, options)
    model, _ = run.model(file)
    all_layers = options.neurons is None or options.neurons == "all"
    paths: list[Path] = []
    sheets: list[_Sheet] = []
    for number in range(1, neurons.depth(model) + 1) if all_layers else [int(options.neurons or 1)]:
        path = rendering.out_path(run, options, f"neurons-{number}", when)
        if options.out is not None and all_layers:
            path = path.with_stem(f"{path.stem}-{number}")
        if options.film is not None:
            writable(path.with_suffix(f".{options.film}"))
        region = rendering.region_of(options)
        sheets.append(_Sheet(number, _sheet_layout(run, options, model, number), region, path))
    for done, sheet in enumerate(sheets, start=1):
        layer = neurons.layer(model, run.recipe.coordinates, sheet.number, sheet.layout.cell, sheet.region)
        scale = Scale.of(layer)
        rendering.save(sheet.path, neuron_sheet.draw(layer, scale, sheet.layout))
        paths.append(sheet.path)
        stage("neurons", done, len(sheets))
        if options.film is not None:
            paths.append(_film(run, sheet, scale, options.film, stage))
    return paths


def _sheet_layout(run: Run, options: RenderOptions, model: torch.nn.Module, number: int) -> SheetLayout:
    cell = None
    if options.size is not None:
        width, height = width_height(options.size, MAX_SIDE)
        cell = (height, width)
    count = neurons.units(model, number)
    layout = neuron_sheet.sheet_layout(count, rendering.shape(run, rendering.region_of(options)), cell)
    if (pixels := layout.size[0] * layout.size[1]) > MAX_SHEET_PIXELS:
        raise RecipeError(
            f"size must let the sheet of {count} units have at most {MAX_SHEET_PIXELS:,} pixels. "
            f"Got {layout.cell[1]}x{layout.cell[0]} for each, which makes {pixels:,}."
        )
    return layout


def _film(run: Run, sheet: _Sheet, scale: Scale, film: FilmFormat, stage: Stage) -> Path:
    path = sheet.path.with_suffix(f".{film}")
    total = len(run.moments())
    # A run keeps at most 64 moments, fewer than a film has pictures, so that none is left out.
    timing = film_timing(total, film)
    curve = [(when.epoch, when.loss) for when in map(weights.moment_of, run.moments()) if when.loss is not None]
    with replacing(path) as partial:
        write_film(
            partial,
            _frames(run, sheet, scale),
            size=(sheet.layout.size[1], sheet.layout.size[0]),
            format=film,
            fps=timing.fps,
            positions=timing.positions,
            hold=timing.hold,
            curve=curve,
            progress=lambda done: stage(f"film of layer {sheet.number}", done, total),
        )
    return path


def _frames(run: Run, sheet: _Sheet, scale: Scale) -> Iterator[Frame]:
    painter = Painter(run)
    for file in run.moments():
        when = weights.moment_of(file)
        model = painter.load(file)
        layer = neurons.layer(model, run.recipe.coordinates, sheet.number, sheet.layout.cell, sheet.region)
        pixels = neuron_sheet.draw(layer, scale, sheet.layout).astype(np.float32) / np.float32(255)
        loss = math.nan if when.loss is None else when.loss
        yield Frame(pixels, when.epoch, when.step, painter.psnr(), loss)
