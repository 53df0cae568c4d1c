"""The ``sfumato paint`` command."""

from __future__ import annotations

from collections.abc import Sequence

from sfumato.cli import base, flags
from sfumato.cli.training import train_with_progress
from sfumato.errors import SfumatoError
from sfumato.render.film_options import FilmOptions

DOC = """Train a network to paint a picture. Writes painting.png, learning.mp4, and curve.svg into a new run folder.

Examples:  sfumato paint cat --budget.seconds 20
           sfumato paint photo.jpg --picture.max-side 400 --model.depth 6 --model.activation "sine(30)"
           sfumato paint mona-lisa --preset blog-2012 --budget.epochs 3
           sfumato paint photo.jpg --recipe runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Train, print the paths of the results, and return the exit status."""
    recipe = base.select_recipe(arguments)
    parsed = flags.read(
        "paint",
        DOC,
        arguments,
        flags.positional(
            "picture",
            recipe.picture.source,
            "PICTURE",
            "picture file, or cat, astronaut, coffee, camera, mona-lisa",
        ),
        flags.field("runs", "runs", "DIR", "folder in which the run's folder is created"),
        flags.field("warm_start", flags.NONE, "RUN", "folder of a run whose last weights are the initial weights"),
        flags.group("film", FilmOptions()),
        flags.switch("watch", "the painting drawn in the terminal during training"),
        flags.switch("json", "print one JSON document; progress goes to standard error"),
        *base.fields(recipe, arguments),
    )
    recipe = base.with_flags(recipe, parsed)
    picture = None if isinstance(parsed.picture, flags.Default) else parsed.picture
    source = parsed.changes.picture.source
    if picture is not None and not isinstance(source, flags.Default) and source != picture:
        raise SfumatoError(f"paint takes one picture. Got {picture!r} and --picture.source {source!r}.")
    if picture is None:
        base.check_picture(recipe, parsed)
    film = FilmOptions.of(flags.given(parsed.film))
    from sfumato.api import paint

    warm_start = None if isinstance(parsed.warm_start, flags.Default) else parsed.warm_start
    return train_with_progress(
        paint,
        picture,
        progress_recipe=recipe,
        recipe=recipe,
        runs=parsed.runs,
        film=film,
        warm_start=warm_start,
        draw_painting=parsed.watch,
        as_json=parsed.json,
    )
