"""The ``sfumato speedrun`` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.interrupt import stop_on_signals
from sfumato.lab.speedrun import report, rules
from sfumato.lab.speedrun.tracks import TRACKS, Seeds, Track
from sfumato.log import log_to
from sfumato.recipe import changed
from sfumato.runs.files import output_flag

DOC = """Train a recipe on ten seeds and measure its speed. Track closed: the seconds that the network of 2012 needs to
reach its PSNR of then, 28.15 dB, on the Mona Lisa. Track open: the PSNR of any network after 10 s of training.

Examples:  sfumato speedrun
           sfumato speedrun --track open --append results.json
           sfumato speedrun --seeds tuning --budget.epochs 0.6 --training.optimizer "foof(lr=0.15)"
           sfumato speedrun --table results.json
"""


def command(arguments: Sequence[str]) -> int:
    """Run the speedrun, print its result, and append it to a file with --append; return the exit status."""
    track = _track(flags.value_of(arguments, "--track") or "closed")
    recipe = base.select_recipe(arguments, track.preset)
    parsed = flags.read(
        "speedrun",
        DOC,
        arguments,
        flags.field("track", track.name, "|".join(TRACKS), "measurement and its rules"),
        flags.field("picture", flags.NONE, "FILE", "file of mona-lisa; downloaded once by default"),
        flags.field("seeds", "official", "|".join(get_args(Seeds)), "seeds to train; only official ones give results"),
        flags.field("append", flags.NONE, "FILE", "JSON file to which the result is appended; created if missing"),
        flags.field("table", flags.NONE, "FILE", "file of results to print as a table, without training"),
        flags.switch("json", "print one JSON document; progress goes to standard error"),
        *base.fields(recipe, arguments, track.preset),
    )
    if not isinstance(parsed.table, flags.Default):
        sys.stdout.write("\n".join(report.table(report.read(Path(parsed.table)))) + "\n")
        return 0
    if parsed.seeds not in get_args(Seeds):
        raise SfumatoError(f"seeds must be one of {', '.join(get_args(Seeds))}. Got {parsed.seeds!r}.")
    changes = flags.given(parsed.changes)
    rules.check_changes(changes, track)
    recipe = rules.entered(changed(recipe, changes), track)
    file = None if isinstance(parsed.append, flags.Default) else Path(parsed.append)
    if file is not None:
        report.check(file)
    # Imported after the flags are checked, because these load PyTorch.
    from sfumato.cli.progress import StagesProgress
    from sfumato.lab.speedrun.speedrun import speedrun

    progress = StagesProgress(refreshes_per_second=2)
    picture = None if isinstance(parsed.picture, flags.Default) else parsed.picture
    name = rules.name(recipe, track)
    with stop_on_signals() as stop, progress, log_to(progress.say):
        result = speedrun(recipe, track, parsed.seeds, name, picture, progress.stage, stop)
    if result is None:
        sys.stderr.write("sfumato: interrupted; a speedrun without all of its seeds has no result.\n")
        return 130
    if file is not None:
        with output_flag("--append"):
            report.append(file, result)
    if parsed.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        return 0
    sys.stdout.write("\n".join(report.lines(result)) + "\n")
    if file is not None:
        sys.stdout.write(f"added to    {file}\n")
    return 0


def _track(name: str) -> Track:
    if name not in TRACKS:
        raise SfumatoError(f"track must be one of {', '.join(TRACKS)}. Got {name!r}.")
    return TRACKS[name]
