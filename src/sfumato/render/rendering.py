"""Rendering the network of a run, at one of its saved moments, at any size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato import memory
from sfumato.errors import RecipeError, RunError
from sfumato.models import WHOLE, Region
from sfumato.process_state import scoped
from sfumato.recipe import memory_check, memory_estimate
from sfumato.render import zoom
from sfumato.render.output import width_height, writable
from sfumato.render.render_options import MAX_SIDE, RenderOptions
from sfumato.render.zoom import Size
from sfumato.runs import Moment, Run, replacing, weights

Stage = Callable[[str, int, int], None]


@scoped
def render(run: Run, options: RenderOptions, stage: Stage) -> Path:
    """Paint the network of a saved moment into a PNG, and return its path.

    The network is evaluated at every pixel of the rendering, so a larger one shows more detail, and a crop beyond the
    border shows how the network extrapolates. Raises RunError when the run cannot be read, has no saved moment, or
    the file cannot be written.
    """
    region, size = region_of(options), size_of(run, options)
    file, when = moment_of(run, options)
    path = out_path(run, options, f"render-{size[1]}x{size[0]}", when)
    model, _ = run.model(file)
    _require_room(run, size)
    total = size[0] * size[1]
    pixels = zoom.paint_uint8(model, run.recipe, size, region, lambda done: stage("render", done, total))
    save(path, pixels)
    return path


def _require_room(run: Run, size: Size) -> None:
    height, width = size
    needed = memory_estimate.painting(run.recipe, memory_estimate.Size(width, height, run.facts["picture"]["channels"]))
    bound = memory_check.of_machine()
    if bound is not None and needed > bound.max_bytes:
        raise RecipeError(
            f"size must leave the rendering within {memory.text(bound.max_bytes)} of memory, {bound.origin}. Got "
            f"{width}x{height}, which takes about {memory.text(needed)}; use a smaller size."
        )


def region_of(options: RenderOptions) -> Region:
    """Return the region of the picture that ``options.crop`` selects."""
    return WHOLE if options.crop is None else Region(*(float(part) for part in options.crop.split(",")))


def size_of(run: Run, options: RenderOptions) -> Size:
    """Return the (rows, columns) of the rendering.

    By default its longer side is the picture's, and its aspect ratio is the region's.
    """
    if options.size is not None:
        width, height = width_height(options.size, MAX_SIDE)
        return height, width
    height, width = run.facts["picture"]["height"], run.facts["picture"]["width"]
    region_height, region_width = shape(run, region_of(options))
    scale = max(height, width) / max(region_height, region_width)
    return max(2, round(region_height * scale)), max(2, round(region_width * scale))


def shape(run: Run, region: Region) -> tuple[float, float]:
    """Return the (height, width) of a region in pixels of the picture."""
    picture = run.facts["picture"]
    return (region.bottom - region.top) * picture["height"], (region.right - region.left) * picture["width"]


def moment_of(run: Run, options: RenderOptions) -> tuple[Path, Moment]:
    """Return the saved moment nearest to ``options.moment``, and its file. Raises RunError when there is none."""
    files = run.moments()
    if not files:
        raise RunError(f"{run.folder} must have saved moments to be rendered. Got none.")
    if options.moment == "last":
        return files[-1], weights.moment_of(files[-1])
    number = options.moment.removeprefix("epoch=")
    by_epoch = number != options.moment
    moments = [(file, weights.moment_of(file)) for file in files]
    return min(moments, key=lambda each: abs((each[1].epoch if by_epoch else each[1].step) - float(number)))


def out_path(run: Run, options: RenderOptions, name: str, when: Moment) -> Path:
    """Return ``options.out``, or a path in the run's folder, named after the options."""
    if options.out is not None:
        return writable(Path(options.out))
    crop = "" if options.crop is None else "-crop_" + "_".join(f"{edge:g}" for edge in region_of(options))
    step = "" if options.moment == "last" else f"-step-{when.step}"
    return writable(run.folder / f"{name}{crop}{step}.png")


def save(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write bytes (H, W, 1, 3, or 4) as a PNG, atomically. Raises RunError when it cannot be written."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    with replacing(path) as partial:
        image.save(partial, format="PNG")
