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
from sfumato.parallel import prefetch
from sfumato.process_state import scoped
from sfumato.render.adaptive_resolution import AdaptiveResolution
from sfumato.render.curve import write_curve
from sfumato.render.film import write_film
from sfumato.render.film_options import FilmKind, FilmOptions
from sfumato.render.frame import Frame
from sfumato.render.layout import LONGEST, plan_within
from sfumato.render.out_file import writable
from sfumato.render.pace import pace
from sfumato.render.painter import Painter
from sfumato.render.painting import error_map, side_by_side
from sfumato.render.pixels import resampled
from sfumato.render.sheet import Caption
from sfumato.render.size import width_height
from sfumato.render.stills import Still, one_per_epoch, points, read, stills
from sfumato.render.zoom import Size
from sfumato.runs import Run, layout, replacing
from sfumato.runs.elsewhere import named_by

CAPTIONS = ("picture", "painting")
"""Of the two beside each other."""

LARGEST_SIDE: dict[FilmKind, int] = {"painting": 1280, "error": 1280, "beside": 960}
"""Films of larger pictures are shrunk to this many pixels, each of two beside each other to fewer."""

MOST_TIMES = 4
"""Longest side of a painting that is cropped, in those of a film."""

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
    gap: int
    """Columns between two beside each other."""
    film: tuple[int, int] | None
    """(width, height) of the film where it was asked for."""

    @property
    def whole(self) -> tuple[int, int]:
        """(width, height) of what is shown."""
        height, width = self.size
        return (2 * width + self.gap if self.kind == "beside" else width), height

    @property
    def captions(self) -> list[Caption]:
        """Under what is shown."""
        middle = self.size[1] / 2 / self.whole[0]
        return list(zip(CAPTIONS, (middle, 1 - middle), strict=True)) if self.kind == "beside" else []


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

    What is between two moments is blended from their paintings. Without a size in `options`, moments between exact
    paintings are painted at a lower resolution where nobody sees it, or where painting them whole would take more work
    than the training did. An error is always taken at the film's resolution, or the picture's where that is lower.
    ``first`` is called while the first frames are painted. Raises RunError when the run cannot be read or the film
    cannot be written; RecipeError when it would be too large.
    """
    name = layout.FILM if options.kind == "painting" else f"{layout.FILM}-{options.kind}"
    path = writable(run.folder / f"{name}.{options.film_format}" if options.out is None else Path(options.out))
    everything = stills(run)
    each_epoch = options.every == "epoch" or (options.every == "auto" and run.recipe.evaluation.interval == "epoch")
    chosen = one_per_epoch(everything) if each_epoch else everything
    rhythm = pace(len(chosen), options.film_format, options.fps, options.seconds)
    chosen = [chosen[number] for number in rhythm.chosen]
    plan = _plan((run.facts["picture"]["height"], run.facts["picture"]["width"]), options)
    height, width = plan.size
    ready = max(1, min(FRAMES_AHEAD, BYTES_AHEAD // (4 * height * width * 4)))
    # Read before anything is said: what is wrong with it is told in one line.
    target = images.to_srgb(run.picture, run.recipe.picture.transfer)
    with prefetch(_frames(run, chosen, plan, target), ready) as frames, replacing(path) as partial:
        # Said now, when painting begins: frames that wait to be drawn tell nothing of the pace.
        stage("film", 0, len(chosen))
        first()
        write_film(
            partial,
            frames,
            size=plan.whole,
            film=plan.film,
            crop=options.fit == "crop",
            captions=plan.captions,
            format=options.film_format,
            fps=rhythm.fps,
            places=rhythm.places,
            hold=rhythm.hold,
            curve=[(still.epoch, still.loss) for still in everything if math.isfinite(still.loss)],
            progress=lambda done: stage("film", done, len(chosen)),
        )
    return path


def _plan(picture: Size, options: FilmOptions) -> _Plan:
    height, width = picture
    beside = options.kind == "beside"
    if options.size is not None:
        film = width_height(options.size, LONGEST)
        whole = (2 * width + width / 48 if beside else width), height
        wide, high = plan_within(film, whole, crop=options.fit == "crop", captions=beside).base
        if max(wide, high) > MOST_TIMES * LONGEST:
            raise RecipeError(f"size must be nearer to the picture's shape to crop to it. Got {options.size!r}.")
        each = (wide - _gap(wide // 2)) // 2 if beside else wide
        return _Plan(options.kind, (max(2, high), max(2, each)), True, max(1, wide - 2 * each) if beside else 0, film)
    shrink = min(1.0, (options.max_side or LARGEST_SIDE[options.kind]) / max(height, width))
    height, width = max(2, round(height * shrink)), max(2, round(width * shrink))
    if beside and 2 * width + _gap(width) > LONGEST:
        raise RecipeError(f"size must leave room for two pictures in {LONGEST} columns. Got {width} columns for each.")
    exact = options.max_side is not None or options.kind == "error"
    return _Plan(options.kind, (height, width), exact, _gap(width) if beside else 0, None)


def _frames(run: Run, chosen: list[Still], plan: _Plan, target: NDArray[np.float32]) -> Iterator[Frame]:
    picture = target.shape[:2]
    # An enlarged target has no more to compare with: its errors are taken at its own size, and enlarged.
    size = (min(plan.size[0], picture[0]), min(plan.size[1], picture[1])) if plan.kind == "error" else plan.size
    larger = size[0] > picture[0] or size[1] > picture[1]
    repainted = [still.exact is None or (larger and still.moment is not None) for still in chosen]
    sizes = iter([size] * sum(repainted) if plan.exact else _affordable(run, size, sum(repainted)))
    target = _at(target, size)
    painter = Painter(run)
    adaptive = AdaptiveResolution(painter, size)
    for still, repaint in zip(chosen, repainted, strict=True):
        psnr = still.psnr
        if repaint and still.moment is not None:
            largest = next(sizes)
            painting, sampled = (
                painter.paint(still.moment, *largest) if plan.exact else adaptive.paint(still.moment, largest)
            )
            psnr = sampled if psnr is None else psnr
        else:
            # No larger than it is shown: several of them wait to be drawn.
            painting = _at(read(still, picture), size)
        if plan.kind == "error":
            painting = error_map(target, _at(painting, size))
        elif plan.kind == "beside":
            painting = side_by_side([target, _at(painting, size)], plan.gap)
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
