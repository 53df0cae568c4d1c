"""Plotting the training curve of a run: PSNR and loss by epoch, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.render.plotting import matplotlib
from sfumato.render.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PSNR_COLOR = "#1f5fa8"
LOSS_COLOR = "#b0562a"
INK = "#2b2d31"
RULE = "#dcdee2"

STYLE = {
    # Text stays text, in any available sans-serif font: it can be selected and searched, and the file stays small.
    "svg.fonttype": "none",
    # Without a fixed salt, Matplotlib draws random names for elements of the file.
    "svg.hashsalt": "sfumato",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": "#8a8d93",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "axes.grid.which": "major",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
}


@dataclass(frozen=True)
class CurvePoint:
    """One evaluation of a run."""

    epoch: float
    seconds: float
    """Training time since the start."""
    loss: float
    """May be nan or infinite."""
    psnr: float | None
    """In dB; None where it was not measured."""


def write_curve(path: Path, points: Sequence[CurvePoint], *, title: str = "") -> None:
    """Write an SVG to `path`, whatever its suffix: PSNR above, loss (logarithmic) below, by epoch.

    Values that their axis cannot show (nan, infinite, a loss that is not positive) are left out; the last value shown
    is written beside its point. Without any point the axes are empty and labeled "not measured". The same points give
    the same bytes. Matplotlib's settings are restored afterwards. Raises OSError if the file cannot be written.
    """
    import warnings

    matplotlib()
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with warnings.catch_warnings(), style.context(STYLE, after_reset=True):
        # A glyph that Matplotlib's font lacks does not matter: the viewer of the file supplies the fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        figure = Figure(figsize=(7.2, 5.0))
        FigureCanvasSVG(figure)
        # Fixed margins, with room for the longest labels: a layout that measures texts takes three times as long.
        figure.subplots_adjust(left=0.13, right=0.86, bottom=0.12, top=0.91, hspace=0.12)
        _draw(figure, points, one_line(title))
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "Sfumato"})


def _draw(figure: Figure, points: Sequence[CurvePoint], title: str) -> None:
    epochs = [point.epoch for point in points]
    above, below = figure.subplots(2, 1, sharex=True)
    psnr = [math.nan if point.psnr is None or not math.isfinite(point.psnr) else point.psnr for point in points]
    loss = [point.loss if math.isfinite(point.loss) and point.loss > 0 else math.nan for point in points]

    above.set_ylabel("PSNR (dB)")
    _panel(above, epochs, psnr, PSNR_COLOR, "{:.2f} dB")
    below.set_ylabel("loss")
    _logarithmic(below, loss)
    _panel(below, epochs, loss, LOSS_COLOR, "{:.3g}")

    below.set_xlabel("epoch")
    seconds = points[-1].seconds if points else math.nan
    if math.isfinite(seconds):
        below.set_xlabel(f"epoch ({seconds:.{0 if seconds >= 10 else 2}f} s of training)")
    last = max((epoch for epoch in epochs if math.isfinite(epoch)), default=0.0)
    below.set_xlim(0, last if last > 0 else 1)
    for axes in (above, below):
        axes.yaxis.set_label_coords(-0.13, 0.5)
    if title:
        # A picture's name may contain dollar signs, which would otherwise start a formula.
        above.set_title(title, loc="left", fontsize=12, pad=10, parse_math=False)


def _panel(axes: Axes, epochs: list[float], values: list[float], color: str, label: str) -> None:
    finite = [(x, y) for x, y in zip(epochs, values, strict=True) if math.isfinite(x) and math.isfinite(y)]
    if not finite:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", va="center", color="#8a8d93")
        return
    axes.plot(*zip(*finite, strict=True), color=color, linewidth=1.6, solid_joinstyle="round")
    axes.plot(*finite[-1], marker="o", markersize=5, color=color, clip_on=False)
    axes.margins(y=0.12)
    axes.annotate(
        label.format(finite[-1][1]),
        finite[-1],
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=color,
        fontweight="bold",
        annotation_clip=False,
    )


def _logarithmic(axes: Axes, values: list[float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if all(math.isnan(value) for value in values):
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
