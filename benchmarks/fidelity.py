"""Published experiments beside their presets: trainings on pictures, and the page docs/fidelity.md.

    python benchmarks/fidelity.py PICTURE|FOLDER ... [--only NAME] [--steps N] [--quick] [--page]

For each preset of a publication, and each picture, three trainings of the same number of steps, one after the other:
the preset; its transcription in plain PyTorch (benchmarks/transcriptions) from the same initial weights; and the
transcription from initial weights of its own. Rows are kept in benchmarks/results/fidelity.json as they are finished,
and not measured again; --page writes the page from them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import hardware
import results_file
from transcriptions import page
from transcriptions.comparison import Pair
from transcriptions.experiments import EXPERIMENTS

import sfumato as sf
from sfumato.cores import available_cores
from sfumato.process_state import torch_threads
from sfumato.recipe import changed

NAME = "fidelity"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "fidelity.md"
STEPS = 100


def main() -> None:
    """Measure what is not measured yet, print a line for each row, and write the page if asked to."""
    parser = argparse.ArgumentParser(
        description="Train the presets of publications and transcriptions of their papers on pictures.",
        epilog="A picture is cut to the size of the experiment where it has one: a square of 512 pixels in the middle.",
    )
    parser.add_argument("pictures", nargs="*", type=Path, help="files, folders with .png files, or samples")
    parser.add_argument(
        "--only", action="append", choices=[*EXPERIMENTS], metavar="NAME", help="preset; may be repeated"
    )
    parser.add_argument("--steps", type=int, help=f"steps of each training (default: {STEPS}; all: 0)", default=STEPS)
    parser.add_argument("--quick", action="store_true", help="2 steps on pictures of 24x16 pixels; nothing is kept")
    parser.add_argument("--page", action="store_true", help="write docs/fidelity.md from the rows that are kept")
    parser.add_argument("--folder", type=Path, default=results_file.FOLDER, help="folder of fidelity.json")
    parser.add_argument("--out", type=Path, default=PAGE, help="file of --page")
    parser.add_argument("--threads", type=int, default=0, help="threads; 0: one per core")
    arguments = parser.parse_args()
    if arguments.steps < 0:
        parser.error(f"--steps must be 0 or more. Got {arguments.steps}.")
    files = [file for each in arguments.pictures for file in (sorted(each.glob("*.png")) if each.is_dir() else [each])]
    kept = read(arguments.folder)
    wanted = [(name, file) for name in arguments.only or EXPERIMENTS for file in files]
    for number, (name, file) in enumerate(wanted, start=1):
        steps = 2 if arguments.quick else arguments.steps or sf.preset(name).budget.steps or STEPS
        key = f"{name} {file.stem} {steps}"
        if key in kept and not arguments.quick:
            continue
        row = measure(name, file, steps, arguments.threads or available_cores(), quick=arguments.quick)
        print(f"[{number}/{len(wanted)}] {line(key, row)}", flush=True)
        if not arguments.quick:
            kept[key] = row
            results_file.merge(NAME, {key: row}, arguments.folder)
    if arguments.page:
        arguments.out.write_text(page.page(list(kept.values())), encoding="utf-8")


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the rows that are kept, by their keys."""
    path = folder / f"{NAME}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def measure(name: str, file: Path, steps: int, threads: int, *, quick: bool = False) -> dict[str, Any]:
    """Train the preset and its transcription on one picture, and return a row."""
    recipe = sf.preset(name)
    section: dict[str, Any] = {
        "source": str(file),
        "channels": recipe.picture.channels,
        "color_management": recipe.picture.color_management,
        "size": "24x16" if quick else recipe.picture.size,
        "max_side": None,
    }
    picture = sf.load_picture(changed(recipe, {"picture": section}))
    if not quick and recipe.picture.size is None and not name.startswith(("coin", "relu")):
        picture = middle(picture, 512)
    pair = Pair(name, picture, steps, threads=threads)
    same, other = pair.network(same=True), pair.network(same=False)
    progress = Progress(f"{name} {file.stem}", 3 * steps)
    with torch_threads(threads):
        ours = pair.ours(progress.advance)
        theirs = pair.theirs(same, advanced=progress.advance)
        independent = pair.theirs(other, advanced=progress.advance)
    progress.clear()
    return {
        "preset": name,
        "picture": file.stem,
        "size": [picture.shape[1], picture.shape[0]],
        "steps": steps,
        "all_steps": recipe.budget.steps,
        "engine": pair.recipe.engine,
        "threads": threads,
        "ours": round(ours.psnr, 4),
        "transcription": round(theirs.psnr, 4),
        "own_weights": round(independent.psnr, 4),
        "best": round(max(ours.trained), 4),
        "largest_difference": round(max(abs(a - b) for a, b in zip(ours.trained, theirs.trained, strict=True)), 4),
        "seconds_per_step": round(ours.seconds_per_step, 5),
        "transcription_seconds_per_step": round(
            statistics.fmean([theirs.seconds_per_step, independent.seconds_per_step]), 5
        ),
        **hardware.circumstances(),
    }


def middle(picture: Any, side: int) -> Any:
    """Return the square of ``side`` pixels in the middle of a picture, or all of a smaller one."""
    height, width = picture.shape[:2]
    top, left = max(height - side, 0) // 2, max(width - side, 0) // 2
    return picture[top : top + side, left : left + side].copy()


def line(key: str, row: dict[str, Any]) -> str:
    """Return a row in words."""
    return (
        f"{key}: {row['ours']:.2f} dB, the transcription {row['transcription']:.2f} dB from the same weights and "
        f"{row['own_weights']:.2f} dB from its own; {row['seconds_per_step']:.3f} s a step"
    )


class Progress:
    """A line on a terminal with the share of steps that are done."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0
        self._shown = sys.stderr.isatty()

    def advance(self) -> None:
        """Count a step."""
        self._done += 1
        if self._shown:
            bar = "#" * (30 * self._done // self._total)
            print(f"\r{self._title} [{bar:30}] {self._done}/{self._total}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Erase the line."""
        if self._shown:
            print(f"\r{'':79}\r", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
