"""The film of a run: exact paintings where training made them, paintings from saved moments between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RecipeError
from sfumato.parallel import ahead
from sfumato.process_state import scoped
from sfumato.render.curve import write_curve
from sfumato.render.film import write_film
from sfumato.render.film_options import FilmKind, FilmOptions
from sfumato.render.frame import Frame
from sfumato.render.layout import LONGEST
from sfumato.render.out_file import writable
from sfumato.render.painter import Painter
from sfumato.render.painting import error_map, side_by_side
from sfumato.render.pixels import resampled
from sfumato.render.size import width_height
from sfumato.render.sparing import Sparing
from sfumato.render.stills import Still, one_an_epoch, points, read, stills
from sfumato.render.zoom import Size
from sfumato.runs import Run, layout, replacing
from sfumato.runs.elsewhere import named_by

LARGEST_SIDE: dict[FilmKind, int] = {"painting": 1280, "error": 1280, "beside": 960}
"""Films of larger pictures are shrunk to this many pixels, each of two beside each other to fewer."""

FRAMES_A_SECOND = 12.0

FRAMES_AHEAD, BYTES_AHEAD = 12, 64 << 20
"""So many paintings may wait until they are drawn and encoded, and so much memory may they take."""

Stage = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Plan:
    kind: FilmKind
    size: Size
    """(rows, columns) of each painting."""
    exact: bool
    """Whether moments are painted at that size whatever it costs."""


@scoped
def finish(run: Run, film: FilmOptions, stage: Stage) -> None:
    """Draw the curve, and unless it is never wanted the film. The curve comes last: where it is, all is done.

    Raises RunError when they cannot be written.
    """
    with replacing(run.folder / layout.CURVE) as partial:

        def curve() -> None:
            write_curve(partial, points(run), title=f"{Path(run.recipe.picture.source).name} · {run.facts['id']}")

        if film.every == "never":
            curve()
        else:
            with named_by("--runs" if film.out is None else "--film.out"):
                remake(run, film, stage, curve)


def check(film: FilmOptions, picture: Size, name: str = "out") -> None:
    """Raise RunError or RecipeError for a film of a picture (rows, columns) that cannot be made: told before training.

    ``name``: what the place of the file is called where it is asked for.
    """
    if film.every != "never":
        _plan(picture, film)
        if film.out is not None:
            writable(Path(film.out), name)


@scoped
def remake(run: Run, options: FilmOptions, stage: Stage, first: Callable[[], None] = lambda: None) -> Path:
    """Make a film of a run from what its folder holds, and return its path. The same options give the same bytes.

    Without a size in `options`, moments between exact paintings are painted at a lower resolution where nobody sees it,
    or where painting them whole would take more work than the training did. An error is always taken at the film's
    resolution, or the picture's where that is lower. ``first`` is called while the first frames are painted. Raises
    RunError when the run cannot be read or the film cannot be written; RecipeError when it would be too large.
    """
    name = layout.FILM if options.kind == "painting" else f"{layout.FILM}-{options.kind}"
    path = writable(run.folder / f"{name}.{options.film_format}" if options.out is None else Path(options.out))
    everything = stills(run)
    each_epoch = options.every == "epoch" or (options.every == "auto" and run.recipe.evaluation.every == "epoch")
    chosen = one_an_epoch(everything) if each_epoch else everything
    plan = _plan((run.facts["picture"]["height"], run.facts["picture"]["width"]), options)
    height, width = plan.size
    ready = max(1, min(FRAMES_AHEAD, BYTES_AHEAD // (4 * height * width * 4)))
    # Read before anything is said: what is wrong with it is told in one line.
    target = images.shown(run.picture, run.recipe.picture.light)
    with ahead(_frames(run, chosen, plan, target), ready) as frames, replacing(path) as partial:
        # Said now, when painting begins: frames that wait to be drawn tell nothing of the pace.
        stage("film", 0, len(chosen))
        first()
        write_film(
            partial,
            frames,
            size=(2 * width + _gap(width), height) if plan.kind == "beside" else (width, height),
            format=options.film_format,
            fps=options.fps or max(FRAMES_A_SECOND, min(30.0, len(chosen) / 20)),
            curve=[(still.epoch, still.loss) for still in everything if math.isfinite(still.loss)],
            progress=lambda done: stage("film", done, len(chosen)),
        )
    return path


def _plan(picture: Size, options: FilmOptions) -> _Plan:
    asked = options.size is not None or options.max_side is not None
    if options.size is not None:
        width, height = width_height(options.size, LONGEST)
    else:
        height, width = picture
        shrink = min(1.0, (options.max_side or LARGEST_SIDE[options.kind]) / max(height, width))
        height, width = max(2, round(height * shrink)), max(2, round(width * shrink))
    if options.kind == "beside" and 2 * width + _gap(width) > LONGEST:
        raise RecipeError(f"size must leave room for two pictures in {LONGEST} columns. Got {width} columns for each.")
    return _Plan(options.kind, (height, width), exact=asked or options.kind == "error")


def _frames(run: Run, chosen: list[Still], plan: _Plan, target: NDArray[np.float32]) -> Iterator[Frame]:
    picture = target.shape[:2]
    # An enlarged target has no more to compare with: its errors are taken at its own size, and enlarged.
    size = (min(plan.size[0], picture[0]), min(plan.size[1], picture[1])) if plan.kind == "error" else plan.size
    larger = size[0] > picture[0] or size[1] > picture[1]
    repainted = [still.exact is None or (larger and still.moment is not None) for still in chosen]
    sizes = iter([size] * sum(repainted) if plan.exact else _affordable(run, size, sum(repainted)))
    target = _at(target, size)
    painter = Painter(run)
    sparing = Sparing(painter, size)
    for still, repaint in zip(chosen, repainted, strict=True):
        psnr = still.psnr
        if repaint and still.moment is not None:
            largest = next(sizes)
            painting, sampled = (
                painter.paint(still.moment, *largest) if plan.exact else sparing.paint(still.moment, largest)
            )
            psnr = sampled if psnr is None else psnr
        else:
            painting = read(still, picture)
        if plan.kind == "error":
            painting = error_map(target, _at(painting, size))
        elif plan.kind == "beside":
            painting = side_by_side([target, _at(painting, size)], _gap(size[1]))
        yield Frame(painting, still.epoch, still.step, psnr, still.loss)


def _affordable(run: Run, size: Size, count: int) -> list[Size]:
    """Rows and columns of the moments' paintings, at most `size`, together no more work than the training was.

    A network's painting is smooth at first: so the area grows evenly from frame to frame.
    """
    height, width = size
    lines = run.metrics
    # Training a sample costs three times what painting it does.
    affordable = 3 * lines[-1]["samples"] if lines else 0
    sizes: list[Size] = []
    for number in range(1, count + 1):
        area = max(affordable * 2 * number / (count * (count + 1)), 4096)
        scale = min(1.0, math.sqrt(area / (height * width)))
        sizes.append((max(2, round(height * scale)), max(2, round(width * scale))))
    return sizes


def _at(picture: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    if picture.shape[:2] == size:
        return picture
    # Enlarging overshoots at edges.
    return np.clip(resampled(picture, (size[1], size[0])), 0, 1)


def _gap(width: int) -> int:
    return max(1, round(width / 48))
