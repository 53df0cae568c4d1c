"""Conversion of a form's request to a recipe that the studio may train."""

from __future__ import annotations

from pathlib import Path

from sfumato.errors import RecipeError, SfumatoError
from sfumato.images.samples import SAMPLES
from sfumato.recipe import Picture, Recipe, changed, from_string, preset
from sfumato.recipe.fields import nested
from sfumato.recipe.summary import text
from sfumato.recipe.text import PREFIX
from sfumato.runs import layout, run_json
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem
from sfumato.studio.web.request_bodies import RecipeRequest

MAX_RUNS = 100
"""Runs of one picture whose settings are compared with the requested ones, the newest first."""


def recipe(body: RecipeRequest, picture: str | None = None) -> Recipe:
    """Return the requested recipe. Raise RecipeError if it is invalid.

    A custom network or activation is refused: a link that somebody shares must not make its reader's studio import
    code.
    """
    base = from_string(body.preset) if body.preset.startswith(PREFIX) else preset(body.preset)
    changes = nested(body.changes)
    if picture is not None:
        settings = changes.setdefault("picture", {})
        if isinstance(settings, dict):
            settings["source"] = picture
    found = changed(base, changes)
    if any(name != found.model.module for name in found.model.imports):
        raise RecipeError(
            "model.activation must be one of Sfumato's own in the studio, which imports no code. Train with yours "
            f"on the command line: --model.activation {found.model.imports[0]}."
        )
    if found.model.module is not None:
        raise RecipeError("model.module must be none in the studio. Train your own network with Python: sf.fit().")
    return found


def run_with_picture(found: Recipe, gallery: Gallery) -> Path | None:
    """Return the folder of the run whose stored picture is to be learned; None for a sample or an uploaded picture.

    A path in a recipe only identifies a picture: a shared link, or a run folder from somebody else, must not make the
    studio read other files of this computer. The picture is read from the run that has stored it, and so can only be
    learned with the settings with which it was stored. Raise RecipeError for any other picture.
    """
    source = found.picture.source
    if source in SAMPLES or is_upload(source, gallery.runs):
        return None
    stored = [each for each in gallery.entries() if each.picture == source][:MAX_RUNS]
    settings: list[Picture] = []
    for each in stored:
        try:
            folder = run_paths.folder(gallery.runs, run_paths.encode(each.name))
            run_paths.file(folder, layout.PICTURE)
            settings.append(Picture.of(run_json.read(folder)["recipe"]["picture"]))
        except (Problem, SfumatoError, KeyError, TypeError):
            continue
        if settings[-1] == found.picture:
            return folder
    if settings:
        requested, stored_settings = (each.model_dump() for each in (found.picture, settings[0]))
        name = next(name for name in requested if requested[name] != stored_settings[name])
        raise RecipeError(
            f"picture.{name} must be {text(stored_settings[name])}, as when a run here stored this picture. Got "
            f"{text(requested[name])}; upload the file to change the setting."
        )
    raise RecipeError(
        f"picture.source must be a sample ({', '.join(sorted(SAMPLES))}), an uploaded picture, or one that a run here "
        "has stored. Got another; upload the file."
    )


def is_upload(source: str, runs: Path) -> bool:
    """Return whether a source names an uploaded picture that is not reached by a symbolic link."""
    root = runs / ".studio" / "pictures"
    path = Path(source)
    try:
        parts = path.relative_to(root).parts
        if not parts or ".." in parts or not path.is_file():
            return False
        return path.resolve() == root.resolve() / Path(*parts) and root.resolve() == runs.resolve() / ".studio/pictures"
    except (OSError, ValueError):
        return False
