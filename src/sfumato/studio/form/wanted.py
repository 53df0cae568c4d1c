"""From what a form sends to a recipe that the studio may train."""

from __future__ import annotations

from pathlib import Path

from sfumato.errors import RecipeError
from sfumato.images.samples import SAMPLES
from sfumato.recipe import Recipe, changed, from_string, preset
from sfumato.recipe.fields import nested
from sfumato.recipe.text import PREFIX
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.web.bodies import Wanted


def recipe(wanted: Wanted, picture: str | None = None) -> Recipe:
    """What is wanted. Raises RecipeError in one line.

    A network of the user's own is refused: who shares an address must not have code imported by who opens it.
    """
    base = from_string(wanted.preset) if wanted.preset.startswith(PREFIX) else preset(wanted.preset)
    changes = nested(wanted.changes)
    if picture is not None:
        settings = changes.setdefault("picture", {})
        if isinstance(settings, dict):
            settings["source"] = picture
    found = changed(base, changes)
    if found.model.module is not None:
        raise RecipeError("model.module must be none in the studio. Train your own network with Python: sf.fit().")
    return found


def checked_picture(found: Recipe, gallery: Gallery) -> None:
    """Raise RecipeError unless the recipe's picture is a sample, one that was sent here, or one that a run learned.

    An address that somebody shares must not have the studio read other files of this computer.
    """
    source = found.picture.source
    if source in SAMPLES or sent_here(source, gallery.runs):
        return
    if any(each.picture == source for each in gallery.entries()):
        return
    raise RecipeError(
        f"picture.source must be a sample ({', '.join(sorted(SAMPLES))}), a picture that was dropped here, or one that "
        "a run has learned. Got another; drop the file onto the page."
    )


def sent_here(source: str, runs: Path) -> bool:
    """Whether it is the name of a file among the studio's own pictures, reached by no link."""
    root = runs / ".studio" / "pictures"
    path = Path(source)
    try:
        inside = path.relative_to(root).parts
        if not inside or ".." in inside or not path.is_file():
            return False
        return (
            path.resolve() == root.resolve() / Path(*inside) and root.resolve() == runs.resolve() / ".studio/pictures"
        )
    except (OSError, ValueError):
        return False
