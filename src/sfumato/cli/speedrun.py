"""``sfumato speedrun``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.interrupt import stop_on_signals
from sfumato.lab.speedrun import records, report, rules
from sfumato.lab.speedrun.tracks import TRACKS, Seeds, Track
from sfumato.log import log_to
from sfumato.recipe import changed
from sfumato.runs.elsewhere import output_flag

DOC = """Train a recipe on ten seeds against the clock. Track closed: how many seconds the network of 2012 needs to
paint the Mona Lisa as well as it did then, 28.15 dB. Track open: how many dB any network has after 10 s of training.

Examples:  sfumato speedrun
           sfumato speedrun --track open --append results.json
           sfumato speedrun --seeds tuning --budget.epochs 0.6 --training.optimizer "foof(lr=0.15)"
           sfumato speedrun --table results.json
"""


def command(arguments: Sequence[str]) -> int:
    """Run, print the result, and add it to a file where asked to."""
    track = _track(flags.value_of(arguments, "--track") or "closed")
    recipe = base.chosen(arguments, track.preset)
    parsed = flags.read(
        "speedrun",
        DOC,
        arguments,
        flags.field("track", track.name, "|".join(TRACKS), "what is asked, by which rules"),
        flags.field("picture", flags.NONE, "FILE", "where mona-lisa lies; by default it is downloaded, once"),
        flags.field("seeds", "official", "|".join(get_args(Seeds)), "on which it runs; official ones give results"),
        flags.field("append", flags.NONE, "FILE", "JSON file to add the result to; made where there is none"),
        flags.field("table", flags.NONE, "FILE", "print such a file's results as a table, and run nothing"),
        *base.fields(recipe, arguments, track.preset),
    )
    if not isinstance(parsed.table, flags.Default):
        sys.stdout.write("\n".join(report.table(records.read(Path(parsed.table)))) + "\n")
        return 0
    if parsed.seeds not in get_args(Seeds):
        raise SfumatoError(f"seeds must be one of {', '.join(get_args(Seeds))}. Got {parsed.seeds!r}.")
    changes = flags.given(parsed.changes)
    rules.check_changes(changes, track)
    recipe = rules.entered(changed(recipe, changes), track)
    file = None if isinstance(parsed.append, flags.Default) else Path(parsed.append)
    if file is not None:
        records.check(file)
    # Only now: the flags are right, and these bring PyTorch.
    from sfumato.cli.stages import StagesProgress
    from sfumato.lab.speedrun.speedrun import speedrun

    progress = StagesProgress(draws_per_second=2)
    picture = None if isinstance(parsed.picture, flags.Default) else parsed.picture
    name = rules.name(recipe, track)
    with stop_on_signals() as stop, progress, log_to(progress.say):
        found = speedrun(recipe, track, parsed.seeds, name, picture, progress.stage, stop)
    if found is None:
        sys.stderr.write("sfumato: interrupted; a speedrun without all of its seeds has no result.\n")
        return 130
    sys.stdout.write("\n".join(report.lines(found)) + "\n")
    if file is not None:
        with output_flag("--append"):
            records.append(file, found)
        sys.stdout.write(f"added to    {file}\n")
    return 0


def _track(name: str) -> Track:
    if name not in TRACKS:
        raise SfumatoError(f"track must be one of {', '.join(TRACKS)}. Got {name!r}.")
    return TRACKS[name]
