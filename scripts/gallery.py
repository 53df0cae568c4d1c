"""Train every component for the same time on one picture, and write a page of their paintings.

Each component takes the place of one of the default recipe's. What is trained already is kept, so that an interrupted
gallery goes on; a component whose recipe has changed is trained again.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn

import sfumato as sf
from sfumato.cores import available_cores
from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.choices.choice import Choice
from sfumato.recipe.fields import sections
from sfumato.recipe.text import to_string
from sfumato.render.pixels import opaque
from sfumato.runs.files import write_bytes
from sfumato.runs.provenance import provenance

PICTURE = "cat"
MAX_SIDE = 256
FOLDER = "pictures/gallery"
"""Folder of the paintings, and of the rows as JSON, beside the page."""
WIDTH = 160
"""Width of a painting on the page, in pixels."""

ADDED: dict[str, dict[str, Any]] = {
    "encoding/basic": {"coordinates": {"range": "unit"}},
    "optimizer/lbfgs": {"training": {"batch": "all"}},
}
"""What a component needs beside its default."""

RATES = (0.0005, 0.002)
"""Adam's learning rates for activations, whose best ones differ by more."""

INTRODUCTION = """# Gallery

What every component paints of the sample `{picture}` ({width} x {height} pixels) in {seconds:g} s of training, in the
place of the default recipe's. Activations bring the initialization that suits them, and are trained by Adam at the
better one of the rates {rates}, because the default optimizer suits rectifiers. All else is the default, so that a
component that needs other settings than these looks worse here than it can. The seconds are those of {cores} on
{cpu}. `scripts/gallery` makes this page; `sfumato paint --recipe sf2:...` paints one again, for as long.
"""


def members() -> Iterator[tuple[str, str, type[Choice]]]:
    """Return (family, path of the recipe's field, member) of every component."""
    families = {family.family: family for family in choices.FAMILIES}
    fields = [field for section in sections() for field in section["fields"] if field["kind"] == "call"]
    for family in families.values():
        names = list(family.members)
        path = next(field["path"] for field in fields if [each["name"] for each in field["choices"]] == names)
        for member in family.members.values():
            yield family.family, path, member


def recipes_of(name: str, path: str, member: type[Choice], seconds: float, picture: str) -> list[Recipe]:
    """Return the default recipe with a component in place of its own, one for each optimizer that is tried."""
    section, key = path.split(".")
    changes: dict[str, dict[str, Any]] = {
        "picture": {"source": picture, "max_side": MAX_SIDE},
        "budget": {"seconds": seconds},
        section: {key: member()},
    }
    if getattr(member, "of_pictures", False):
        changes["training"]["batch"] = "all"
    for added, values in ADDED.get(name, {}).items():
        changes[added] = {**changes.get(added, {}), **values}
    if not issubclass(member, choices.Activation):
        return [changed(Recipe(), changes)]
    changes["model"]["init"] = member().initialization()
    return [changed(Recipe(), {**changes, "training": {"optimizer": f"adam(lr={rate})"}}) for rate in RATES]


def best(recipes: list[Recipe]) -> tuple[dict[str, Any], bytes]:
    """Train each recipe; return the row and the painting of the best."""
    tried = [train(recipe) for recipe in recipes]
    row, painting = max(tried, key=lambda each: each[0]["psnr"])
    return {**row, "tried": [to_string(recipe) for recipe in recipes]}, painting


def train(recipe: Recipe) -> tuple[dict[str, Any], bytes]:
    """Train a recipe; return its row of the page, and the painting as a WebP file."""
    *_, last = sf.train(recipe=recipe)
    assert last.evaluation is not None
    row = {
        "recipe": to_string(recipe),
        "psnr": round(last.evaluation.psnr, 2),
        "epochs": round(last.epoch, 1),
        "ended": last.ended,
    }
    painting = opaque(last.painting(), (WIDTH, round(WIDTH * last.size[0] / last.size[1])))
    stream = io.BytesIO()
    painting.save(stream, "WEBP", quality=80)
    return row, stream.getvalue()


def page(rows: dict[str, dict[str, Any]], about: dict[str, Any]) -> str:
    """Return the page as Markdown: a table for each family, of the components that have a row."""
    parts = [INTRODUCTION.format(**about)]
    family = ""
    for name, _, member in _named():
        if name not in rows:
            continue
        row = rows[name]
        if member.family != family:
            family = member.family
            parts.append(f"\n## {family.capitalize()}\n\n| | | PSNR | epochs | recipe |\n|---|---|---|---|---|")
        text = (member.__doc__ or "").strip().partition("\n")[0].replace("|", "\\|")
        ended = "" if row["ended"] != "diverged" else ", diverged"
        parts.append(
            f"| ![]({FOLDER}/{_file(name)}) | **`{member.name}`** {text} | {row['psnr']:.2f} dB{ended} | "
            f"{row['epochs']:g} | `{row['recipe']}` |"
        )
    return "\n".join(parts) + "\n"


def _named() -> Iterator[tuple[str, str, type[Choice]]]:
    for family, path, member in members():
        yield f"{family}/{member.name}", path, member


def _file(name: str) -> str:
    return f"{name.replace('/', '-')}.webp"


def _about(seconds: float, picture: str) -> dict[str, Any]:
    settings = {"picture": {"source": picture, "max_side": MAX_SIDE}}
    height, width = sf.load_picture(changed(Recipe(), settings)).shape[:2]
    made = provenance(threads=0)
    cores = available_cores()
    return {
        "picture": picture,
        "width": width,
        "height": height,
        "seconds": seconds,
        "cores": f"{cores} cores" if cores > 1 else "one core",
        "cpu": made["cpu"],
        "rates": " and ".join(map(str, RATES)),
    }


def main() -> None:
    """Train what has no row yet, and write the page after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of training for each component (10)")
    parser.add_argument("--picture", default=PICTURE, help=f"a sample or a file ({PICTURE})")
    parser.add_argument("--only", nargs="+", metavar="FAMILY[/MEMBER]", help="train only these")
    parser.add_argument("--again", action="store_true", help="train those that have a row, too")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder of the page (docs)")
    arguments = parser.parse_args()
    pictures, record = arguments.docs / FOLDER, arguments.docs / FOLDER / "rows.json"
    pictures.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, Any]] = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    everything = list(_named())
    rows = {name: rows[name] for name, _, _ in everything if name in rows}
    wanted = [
        (name, recipes_of(name, path, member, arguments.seconds, arguments.picture))
        for name, path, member in everything
        if not arguments.only or {name, member.family} & set(arguments.only)
    ]
    missing = [
        (name, recipes)
        for name, recipes in wanted
        if arguments.again or rows.get(name, {}).get("tried") != [to_string(recipe) for recipe in recipes]
    ]
    about = _about(arguments.seconds, arguments.picture)
    with Progress(
        *Progress.get_default_columns()[:-1], TimeRemainingColumn(), console=Console(stderr=True)
    ) as progress:
        task = progress.add_task("training", total=len(missing))
        for name, recipes in missing:
            progress.update(task, description=name)
            rows[name], painting = best(recipes)
            write_bytes(pictures / _file(name), painting)
            write_bytes(record, (json.dumps(rows, indent=1) + "\n").encode())
            write_bytes(arguments.docs / "gallery.md", page(rows, about).encode())
            progress.advance(task)
    sys.stdout.write(f"{arguments.docs / 'gallery.md'}: {len(rows)} of {len(everything)} components\n")


if __name__ == "__main__":
    try:
        main()
    except SfumatoError as error:
        sys.exit(f"error: {error}")
