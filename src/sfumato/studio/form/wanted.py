"""From what a form sends to a recipe that the studio may train."""

from __future__ import annotations

from pathlib import Path

from sfumato.errors import RecipeError, SfumatoError
from sfumato.images.samples import SAMPLES
from sfumato.recipe import Picture, Recipe, changed, from_string, preset
from sfumato.recipe.fields import nested
from sfumato.recipe.summary import text
from sfumato.recipe.text import PREFIX
from sfumato.runs import facts, layout
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.web import names
from sfumato.studio.web.bodies import Wanted
from sfumato.studio.web.problems import Problem

MOST_RUNS = 100
"""Of one picture that are looked at for the settings that are wanted, the newest."""


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


def checked_picture(found: Recipe, gallery: Gallery) -> Path | None:
    """The folder of the run whose stored picture is meant; None for a sample, or a picture that was sent here.

    A path that a run names is only a name: an address that somebody shares, or a run's folder from somebody else, must
    not have the studio read other files of this computer. What is read is the picture that the run has stored, so that
    it can only be learned with the settings that it was stored with. Raises RecipeError for all else.
    """
    source = found.picture.source
    if source in SAMPLES or sent_here(source, gallery.runs):
        return None
    stored = [each for each in gallery.entries() if each.picture == source][:MOST_RUNS]
    settings: list[Picture] = []
    for each in stored:
        try:
            folder = names.folder(gallery.runs, names.encoded(each.name))
            names.file(folder, layout.PICTURE)
            settings.append(Picture.of(facts.read(folder)["recipe"]["picture"]))
        except (Problem, SfumatoError, KeyError, TypeError):
            continue
        if settings[-1] == found.picture:
            return folder
    if settings:
        mine, theirs = (each.model_dump() for each in (found.picture, settings[0]))
        name = next(name for name in mine if mine[name] != theirs[name])
        raise RecipeError(
            f"picture.{name} must be {text(theirs[name])}, as it was when a run here stored this picture. Got "
            f"{text(mine[name])}; drop the file onto the page to have it otherwise."
        )
    raise RecipeError(
        f"picture.source must be a sample ({', '.join(sorted(SAMPLES))}), a picture that was dropped here, or one that "
        "a run here has stored. Got another; drop the file onto the page."
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
