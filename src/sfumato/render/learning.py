"""Making the film of a run, from exact paintings where training saved them and from saved moments between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RecipeError
from sfumato.parallel import prefetch
from sfumato.process_state import scoped
from sfumato.render.curve import write_curve
from sfumato.render.film import film_timing, write_film
from sfumato.render.film_options import FilmKind, FilmOptions
from sfumato.render.frame import Frame
from sfumato.render.layout import MAX_SIDE, plan_within
from sfumato.render.output import width_height, writable
from sfumato.render.painter import AdaptiveResolution, Painter
from sfumato.render.painting import error_map, side_by_side
from sfumato.render.pixels import resampled
from sfumato.render.sheet import Caption
from sfumato.render.stills import Still, one_per_epoch, points, read, stills
from sfumato.render.zoom import Size
from sfumato.runs import Run, layout, replacing
from sfumato.runs.files import output_flag

CAPTIONS = ("picture", "painting")
"""Captions of the pictures of a side-by-side film."""

MAX_PAINTING_SIDE: dict[FilmKind, int] = {"painting": 1280, "error": 1280, "beside": 960}
"""Longer side, in pixels, to which films of larger pictures are reduced."""

MAX_CROP_FACTOR = 4
"""Largest side of a painting before it is cropped, in multiples of the largest side of a film."""

PREFETCHED_FRAMES, PREFETCHED_BYTES = 12, 64 << 20
"""Limits on the paintings that wait to be drawn and encoded: their number, and their memory."""

Stage = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _FilmPlan:
    kind: FilmKind
    size: Size
    """(rows, columns) of each painting."""
    exact: bool
    """True if moments are painted at that size whatever the cost."""
    gap: int
    """Columns between the two pictures of a side-by-side film."""
    film_size: tuple[int, int] | None
    """(width, height) of the film if given."""

    @property
    def picture_size(self) -> tuple[int, int]:
        """(width, height) of the painting, or of the two pictures side by side."""
        height, width = self.size
        return (2 * width + self.gap if self.kind == "beside" else width), height

    @property
    def captions(self) -> list[Caption]:
        """Captions of a side-by-side film; none for other films."""
        center = self.size[1] / 2 / self.picture_size[0]
        return list(zip(CAPTIONS, (center, 1 - center), strict=True)) if self.kind == "beside" else []


@scoped
def finish(run: Run, film: FilmOptions, stage: Stage) -> None:
    """Draw the training curve, and the film unless ``film.every`` is never.

    The curve's file appears last, so that its presence shows that everything is done. Raises RunError when a file
    cannot be written.
    """
    with replacing(run.folder / layout.CURVE) as partial:

        def curve() -> None:
            write_curve(partial, points(run), title=f"{Path(run.recipe.picture.source).name} · {run.facts['id']}")

        if film.every == "never":
            curve()
        else:
            with output_flag("--runs" if film.out is None else "--film.out"):
                remake(run, film, stage, curve)


def check(film: FilmOptions, picture: Size, name: str = "out") -> None:
    """Raise RunError or RecipeError if a film of a picture (rows, columns) cannot be made, before training starts.

    ``name``: the field or flag of the output file, for messages.
    """
    if film.every != "never":
        _plan_film(picture, film)
        if film.out is not None:
            writable(Path(film.out), name)


@scoped
def remake(run: Run, options: FilmOptions, stage: Stage, concurrent_task: Callable[[], None] = lambda: None) -> Path:
    """Make a film of a run from the files in its folder, and return its path. The same options give the same bytes.

    Pictures between two moments are blended from the paintings of both. Without a size in `options`, moments between
    exact paintings are painted at a lower resolution where the difference is invisible, or where full resolution would
    cost more than the training did. Errors are always computed at the film's resolution, or the picture's where that
    is lower. ``concurrent_task`` is called while the first frames are painted. Raises RunError when the run cannot be
    read or the film cannot be written; RecipeError when it would be too large.
    """
    name = layout.FILM if options.kind == "painting" else f"{layout.FILM}-{options.kind}"
    path = writable(run.folder / f"{name}.{options.film_format}" if options.out is None else Path(options.out))
    all_stills = stills(run)
    per_epoch = options.every == "epoch" or (options.every == "auto" and run.recipe.evaluation.interval == "epoch")
    selected = one_per_epoch(all_stills) if per_epoch else all_stills
    timing = film_timing(len(selected), options.film_format, options.fps, options.seconds)
    selected = [selected[number] for number in timing.selected]
    plan = _plan_film((run.facts["picture"]["height"], run.facts["picture"]["width"]), options)
    height, width = plan.size
    prefetched = max(1, min(PREFETCHED_FRAMES, PREFETCHED_BYTES // (4 * height * width * 4)))
    # The target is read before any progress is shown, so that an error stays one line.
    target = images.to_srgb(run.picture, run.recipe.picture.transfer)
    with prefetch(_frames(run, selected, plan, target), prefetched) as frames, replacing(path) as partial:
        # Progress is reported from here, where painting begins: frames that wait to be drawn say nothing of the rate.
        stage("film", 0, len(selected))
        concurrent_task()
        write_film(
            partial,
            frames,
            size=plan.picture_size,
            film_size=plan.film_size,
            crop=options.fit == "crop",
            captions=plan.captions,
            format=options.film_format,
            fps=timing.fps,
            positions=timing.positions,
            hold=timing.hold,
            curve=[(still.epoch, still.loss) for still in all_stills if math.isfinite(still.loss)],
            progress=lambda done: stage("film", done, len(selected)),
        )
    return path


def _plan_film(picture: Size, options: FilmOptions) -> _FilmPlan:
    height, width = picture
    beside = options.kind == "beside"
    if options.size is not None:
        film_size = width_height(options.size, MAX_SIDE)
        aspect = (2 * width + width / 48 if beside else width), height
        base_width, base_height = plan_within(film_size, aspect, crop=options.fit == "crop", captions=beside).base
        if max(base_width, base_height) > MAX_CROP_FACTOR * MAX_SIDE:
            raise RecipeError(f"size must be nearer to the picture's aspect ratio to be cropped. Got {options.size!r}.")
        painting_width = (base_width - _gap(base_width // 2)) // 2 if beside else base_width
        size = (max(2, base_height), max(2, painting_width))
        gap = max(1, base_width - 2 * painting_width) if beside else 0
        return _FilmPlan(options.kind, size, True, gap, film_size)
    shrink = min(1.0, (options.max_side or MAX_PAINTING_SIDE[options.kind]) / max(height, width))
    height, width = max(2, round(height * shrink)), max(2, round(width * shrink))
    if beside and 2 * width + _gap(width) > MAX_SIDE:
        raise RecipeError(f"size must leave room for two pictures in {MAX_SIDE} columns. Got {width} columns for each.")
    exact = options.max_side is not None or options.kind == "error"
    return _FilmPlan(options.kind, (height, width), exact, _gap(width) if beside else 0, None)


def _frames(run: Run, selected: list[Still], plan: _FilmPlan, target: NDArray[np.float32]) -> Iterator[Frame]:
    picture = target.shape[:2]
    # An enlarged target has no more detail, so errors are computed at the target's size at most, and enlarged.
    size = (min(plan.size[0], picture[0]), min(plan.size[1], picture[1])) if plan.kind == "error" else plan.size
    larger = size[0] > picture[0] or size[1] > picture[1]
    repainted = [still.exact is None or (larger and still.moment is not None) for still in selected]
    sizes = iter([size] * sum(repainted) if plan.exact else _affordable(run, size, sum(repainted)))
    target = _resize(target, size)
    painter = Painter(run)
    adaptive = AdaptiveResolution(painter, size)
    for still, repaint in zip(selected, repainted, strict=True):
        psnr = still.psnr
        if repaint and still.moment is not None:
            max_size = next(sizes)
            painting, sampled_psnr = (
                painter.paint(still.moment, *max_size) if plan.exact else adaptive.paint(still.moment, max_size)
            )
            psnr = sampled_psnr if psnr is None else psnr
        else:
            # Reduced to the film's size at once, since several paintings wait in memory to be drawn.
            painting = _resize(read(still, picture), size)
        if plan.kind == "error":
            painting = error_map(target, _resize(painting, size))
        elif plan.kind == "beside":
            painting = side_by_side([target, _resize(painting, size)], plan.gap)
        yield Frame(painting, still.epoch, still.step, psnr, still.loss)


def _affordable(run: Run, size: Size, count: int) -> list[Size]:
    """Return the (rows, columns) of the paintings of moments, at most `size`, which together cost at most the training.

    The paintings of a network are smooth at first, so the area grows linearly from frame to frame.
    """
    height, width = size
    lines = run.metrics
    # Training on a sample costs three times as much as painting it.
    affordable_samples = 3 * lines[-1]["samples"] if lines else 0
    sizes: list[Size] = []
    for number in range(1, count + 1):
        area = max(affordable_samples * 2 * number / (count * (count + 1)), 4096)
        scale = min(1.0, math.sqrt(area / (height * width)))
        sizes.append((max(2, round(height * scale)), max(2, round(width * scale))))
    return sizes


def _resize(picture: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    if picture.shape[:2] == size:
        return picture
    # Bicubic enlargement overshoots at edges.
    return np.clip(resampled(picture, (size[1], size[0])), 0, 1)


def _gap(width: int) -> int:
    return max(1, round(width / 48))
