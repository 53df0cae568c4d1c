"""A run's network painted at any size, as it was at one of its moments."""

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
from sfumato.recipe import need, room
from sfumato.render import zoom
from sfumato.render.out_file import writable
from sfumato.render.render_options import LONGEST_SIDE, RenderOptions
from sfumato.render.size import width_height
from sfumato.render.zoom import Size
from sfumato.runs import Moment, Run, replacing, weights

Stage = Callable[[str, int, int], None]


@scoped
def render(run: Run, options: RenderOptions, stage: Stage) -> Path:
    """Paint the network of a saved moment into a PNG, and return its path.

    It is the network that is painted, not its pixels: a larger painting has more of what it learned, and beyond the
    border is what it makes of places that it never saw. Raises RunError when the run cannot be read, has no saved
    moment, or the file cannot be written.
    """
    region, size = region_of(options), size_of(run, options)
    file, when = moment_of(run, options)
    path = out_path(run, options, f"render-{size[1]}x{size[0]}", when)
    model, _ = run.model(file)
    _require_room(run, size)
    total = size[0] * size[1]
    pixels = zoom.rendering(model, run.recipe, size, region, lambda done: stage("render", done, total))
    save(path, pixels)
    return path


def _require_room(run: Run, size: Size) -> None:
    height, width = size
    wanted = need.painting(run.recipe, need.Size(width, height, run.facts["picture"]["channels"]))
    bound = room.of_machine()
    if bound is not None and wanted > bound.max_bytes:
        raise RecipeError(
            f"size must leave the rendering within {memory.text(bound.max_bytes)} of memory, {bound.origin}. Got "
            f"{width}x{height}, which takes about {memory.text(wanted)}; use a smaller one."
        )


def region_of(options: RenderOptions) -> Region:
    """The part of the picture that is asked for."""
    return WHOLE if options.crop is None else Region(*(float(part) for part in options.crop.split(",")))


def size_of(run: Run, options: RenderOptions) -> Size:
    """(rows, columns): as asked for, else as long as the picture, in the shape of the part that is painted."""
    if options.size is not None:
        width, height = width_height(options.size, LONGEST_SIDE)
        return height, width
    height, width = run.facts["picture"]["height"], run.facts["picture"]["width"]
    high, wide = shape(run, region_of(options))
    scale = max(height, width) / max(high, wide)
    return max(2, round(high * scale)), max(2, round(wide * scale))


def shape(run: Run, region: Region) -> tuple[float, float]:
    """(height, width) of a region in pixels of the picture."""
    picture = run.facts["picture"]
    return (region.bottom - region.top) * picture["height"], (region.right - region.left) * picture["width"]


def moment_of(run: Run, options: RenderOptions) -> tuple[Path, Moment]:
    """The file of the saved moment that is asked for, the nearest to it. Raises RunError when there is none."""
    files = run.moments()
    if not files:
        raise RunError(f"{run.folder} must have saved moments to be rendered. Got none.")
    if options.moment == "last":
        return files[-1], weights.moment_of(files[-1])
    wanted = options.moment.removeprefix("epoch=")
    by_epoch = wanted != options.moment
    found = [(file, weights.moment_of(file)) for file in files]
    return min(found, key=lambda each: abs((each[1].epoch if by_epoch else each[1].step) - float(wanted)))


def out_path(run: Run, options: RenderOptions, name: str, when: Moment) -> Path:
    """Where it is asked for, else in the run's folder, named by what it is."""
    if options.out is not None:
        return writable(Path(options.out))
    crop = "" if options.crop is None else "-crop_" + "_".join(f"{end:g}" for end in region_of(options))
    step = "" if options.moment == "last" else f"-step-{when.step}"
    return writable(run.folder / f"{name}{crop}{step}.png")


def save(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, 1, 3 or 4) bytes as a PNG, whole. Raises RunError when it cannot be written."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    with replacing(path) as partial:
        image.save(partial, format="PNG")
