"""``sfumato paint``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from sfumato.cli import flags
from sfumato.recipe import DESCRIPTIONS, Recipe, changed, preset

DOC = """Train a network to paint a picture. Leaves painting.png, learning.mp4 and curve.svg in a new run folder.

Examples:  sfumato paint cat --budget.seconds 20
           sfumato paint photo.jpg --picture.max-side 400 --model.depth 6 --model.activation "sine(30)"
           sfumato paint mona-lisa --preset blog-2012 --budget.epochs 3
"""


def command(arguments: Sequence[str]) -> int:
    """Paint, and print where everything is."""
    chosen = flags.value_of(arguments, "--preset") or "fast"
    base = preset(chosen)
    default = _flags(base, chosen)
    parsed = flags.parse(default, arguments, "paint")
    changes = flags.given(parsed.recipe)
    recipe = changed(base, changes)
    picture = None if isinstance(parsed.picture, flags.Default) else parsed.picture
    return _paint(recipe, picture, parsed.runs, parsed.film)


def _flags(base: Recipe, chosen: str) -> Any:
    presets = "the recipe that other flags change: " + "; ".join(
        f"{name}, {text}" for name, text in DESCRIPTIONS.items()
    )
    recipe = flags.of(base)
    picture = tyro.conf.arg(metavar="PICTURE", help="a file, or cat, astronaut, coffee, camera, mona-lisa")
    kind = dataclasses.make_dataclass(
        "Paint",
        [
            (
                "picture",
                Annotated[tyro.conf.Positional[str], picture],
                dataclasses.field(default=flags.Default(base.picture.source)),
            ),
            flags.field("preset", chosen, "NAME", presets),
            flags.field("runs", "runs", "DIR", "folder in which the run's own folder is made"),
            flags.field("film", "mp4", "mp4|gif|webp|none", "format of the film"),
            ("recipe", Annotated[type(recipe), tyro.conf.arg(name="")], dataclasses.field(default=recipe)),
        ],
        frozen=True,
    )
    kind.__doc__ = DOC
    return kind()


def _paint(recipe: Recipe, picture: str | None, runs: str, film: Any) -> int:
    # Only now: the flags are right, and these bring PyTorch.
    from sfumato.api import paint
    from sfumato.cli.interrupt import asked_to_stop
    from sfumato.cli.progress import PaintProgress

    with asked_to_stop() as stop, PaintProgress() as progress:
        run = paint(
            picture, recipe=recipe, runs=runs, film=film, watch=progress.training, stop=stop, stage=progress.stage
        )
    sys.stdout.write(run.summary() + "\n")
    return 0
