"""The hidden units of a run's network, drawn on sheets, and the sheets over its moments as films."""

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
from sfumato.render.film import FilmFormat, write_film
from sfumato.render.frame import Frame
from sfumato.render.neuron_sheet import Plan, Scale
from sfumato.render.out_file import writable
from sfumato.render.pace import pace
from sfumato.render.painter import Painter
from sfumato.render.render_options import LONGEST_SIDE, RenderOptions
from sfumato.render.size import width_height
from sfumato.runs import Run, replacing, weights

MOST_PIXELS = 50_000_000
"""Of a sheet: the answers of all its units are held at once, in floats."""

Stage = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Sheet:
    number: int
    """Of the layer, 1 the first hidden one."""
    plan: Plan
    region: Region
    path: Path


@scoped
def draw(run: Run, options: RenderOptions, stage: Stage) -> list[Path]:
    """Write the sheets that `options.neurons` asks for, and their films; return their paths.

    A sheet shows each unit's answer by row and column, the most important unit first. A film keeps the places and
    the scales of the moment asked for, so that units do not jump. Raises RunError where the network is no multilayer
    perceptron or has no such layer, or as `rendering.render` does; RecipeError where a sheet would be too large.
    """
    file, when = rendering.moment_of(run, options)
    model, _ = run.model(file)
    everything = options.neurons is None or options.neurons == "all"
    paths: list[Path] = []
    sheets: list[_Sheet] = []
    for number in range(1, neurons.depth(model) + 1) if everything else [int(options.neurons or 1)]:
        path = rendering.out_path(run, options, f"neurons-{number}", when)
        if options.out is not None and everything:
            path = path.with_stem(f"{path.stem}-{number}")
        if options.film is not None:
            writable(path.with_suffix(f".{options.film}"))
        region = rendering.region_of(options)
        sheets.append(_Sheet(number, _plan(run, options, model, number), region, path))
    for done, sheet in enumerate(sheets, start=1):
        layer = neurons.layer(model, run.recipe.coordinates, sheet.number, sheet.plan.cell, sheet.region)
        scale = Scale.of(layer)
        rendering.save(sheet.path, neuron_sheet.draw(layer, scale, sheet.plan))
        paths.append(sheet.path)
        stage("neurons", done, len(sheets))
        if options.film is not None:
            paths.append(_film(run, sheet, scale, options.film, stage))
    return paths


def _plan(run: Run, options: RenderOptions, model: torch.nn.Module, number: int) -> Plan:
    cell = None
    if options.size is not None:
        width, height = width_height(options.size, LONGEST_SIDE)
        cell = (height, width)
    count = neurons.units(model, number)
    plan = neuron_sheet.plan(count, rendering.shape(run, rendering.region_of(options)), cell)
    if (pixels := plan.size[0] * plan.size[1]) > MOST_PIXELS:
        raise RecipeError(
            f"size must let the sheet of {count} units have at most {MOST_PIXELS:,} pixels. "
            f"Got {plan.cell[1]}x{plan.cell[0]} for each, which makes {pixels:,}."
        )
    return plan


def _film(run: Run, sheet: _Sheet, scale: Scale, film: FilmFormat, stage: Stage) -> Path:
    path = sheet.path.with_suffix(f".{film}")
    total = len(run.moments())
    # At most 64 moments are kept: fewer than there are pictures.
    rhythm = pace(total, film)
    curve = [(when.epoch, when.loss) for when in map(weights.moment_of, run.moments()) if when.loss is not None]
    with replacing(path) as partial:
        write_film(
            partial,
            _frames(run, sheet, scale),
            size=(sheet.plan.size[1], sheet.plan.size[0]),
            format=film,
            fps=rhythm.fps,
            places=rhythm.places,
            hold=rhythm.hold,
            curve=curve,
            progress=lambda done: stage(f"film of layer {sheet.number}", done, total),
        )
    return path


def _frames(run: Run, sheet: _Sheet, scale: Scale) -> Iterator[Frame]:
    painter = Painter(run)
    for file in run.moments():
        when = weights.moment_of(file)
        model = painter.load(file)
        layer = neurons.layer(model, run.recipe.coordinates, sheet.number, sheet.plan.cell, sheet.region)
        pixels = neuron_sheet.draw(layer, scale, sheet.plan).astype(np.float32) / np.float32(255)
        loss = math.nan if when.loss is None else when.loss
        yield Frame(pixels, when.epoch, when.step, painter.psnr(), loss)
