"""The ``sfumato sweep`` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfumato.cli import base, executors, flags
from sfumato.errors import SfumatoError
from sfumato.recipe import changed
from sfumato.render.text import one_line

if TYPE_CHECKING:
    from sfumato.lab.sweep.results import Configuration, Sweep

DOC = """Search a space of recipes, by Optuna. Configurations train on one thread each, one per core at a time.

A space has ranges low..high, of whole numbers or not, with :log on a logarithmic scale; values a,b,c; and ranges inside
of values. An interrupted sweep goes on with the same command.

Examples:  sfumato sweep --space model.width=32..512:log --space model.depth=2..8 --trials 100
           sfumato sweep --space "training.optimizer=adam(lr=1e-4..1e-1:log),muon(lr=0.005..0.5:log)"
           sfumato sweep space.toml --picture photo.jpg --objective psnr,parameters --out small-and-good
           sfumato sweep best small-and-good --top 5
           sfumato sweep best small-and-good --top 3 --verdict
"""

BEST_DOC = """List the best configurations of a sweep, or compare them on fresh seeds.

The best of many is too good by luck: its own score was chosen for being high. --verdict trains the best again, on
seeds that the sweep has not used, and compares them with the first as sfumato compare does.

Examples:  sfumato sweep best sweeps/width-0123abcd --top 10
           sfumato sweep best sweeps/width-0123abcd --top 3 --verdict --seeds 10
"""

TOP = 5
WIDTH = 160
"""Width in characters of a table that is not printed on a terminal."""


def command(arguments: Sequence[str]) -> int:
    """Search, or list the best, and return the exit status: 0, or 130 after an interruption."""
    if arguments and arguments[0] == "best":
        return _best(arguments[1:])
    from sfumato.lab.questions import custom
    from sfumato.lab.sweep.spec import OBJECTIVES, PRUNERS, SAMPLERS

    typed_space, rest = flags.pop_repeated(arguments, "--space")
    recipe = base.select_recipe(rest)
    if flags.value_of(rest, "--preset") is None and flags.value_of(rest, "--recipe") is None:
        recipe = changed(recipe, custom.DEFAULTS)
    base.check_quoted(rest)
    parsed = flags.read(
        "sweep",
        DOC,
        rest,
        flags.positional("file", "", "SPACE.toml", "file with a table [space], in place of --space"),
        flags.field("space", flags.NONE, "FIELD=VALUES", "a field and its ranges or values; may be repeated"),
        flags.field("picture", flags.NONE, "FILE", "picture that all train on; short for --picture.source"),
        base.pictures_flag("all configurations train on each of these"),
        flags.field("trials", "50", "INT", "configurations to try, those of an earlier start included"),
        flags.field("seeds", "1", "INT", "seeds of each configuration on each picture"),
        flags.field("objective", "psnr", "A,B,...", f"what is best: {', '.join(OBJECTIVES)}; of several: Pareto"),
        flags.field(
            "sampler", "tpe", "|".join(SAMPLERS), "; ".join(f"{name}: {text}" for name, text in SAMPLERS.items())
        ),
        flags.field(
            "pruner", "none", "|".join(PRUNERS), "; ".join(f"{name}: {text}" for name, text in PRUNERS.items())
        ),
        flags.field("equal", "epochs", "epochs|operations|seconds", "what is equal for all configurations"),
        flags.field("out", flags.NONE, "DIR", "folder of the sweep; continued if it holds this one already"),
        flags.field("storage", flags.NONE, "URL", "database of Optuna; by default SQLite in the folder"),
        flags.field("workers", "0", "INT", "trainings in parallel, one thread each; 0: one per core"),
        executors.FLAG,
        flags.switch("json", "print one JSON document; progress goes to standard error"),
        *base.fields(recipe, rest),
    )
    recipe = base.with_picture(base.with_flags(recipe, parsed), parsed)
    space = _space(parsed.file, typed_space)
    trials = flags.number("trials", parsed.trials, 1, int)
    from sfumato.cli.experiments import load_targets
    from sfumato.cli.progress import StagesProgress
    from sfumato.interrupt import stop_on_signals
    from sfumato.lab import picture_sets
    from sfumato.lab.experiment import StoppedError
    from sfumato.lab.sweep.folder import default_path
    from sfumato.lab.sweep.run import run_sweep
    from sfumato.lab.sweep.sweep import spec_of
    from sfumato.log import log_to
    from sfumato.runs.files import output_flag

    pictures = load_targets(recipe, base.pictures_of(parsed))
    spec = spec_of(
        space,
        picture_sets.of_picture(recipe, pictures[0]),
        pictures,
        seeds=flags.number("seeds", parsed.seeds, 1, int),
        objectives=[each.strip() for each in parsed.objective.split(",")],
        sampler=parsed.sampler,
        pruner=parsed.pruner,
        equal=parsed.equal,
    )
    folder = default_path(spec) if isinstance(parsed.out, flags.Default) else Path(parsed.out)
    progress = StagesProgress()
    try:
        with stop_on_signals() as stop, progress, log_to(progress.say), output_flag("--out"):
            found = run_sweep(
                spec,
                pictures,
                folder,
                trials,
                storage=None if isinstance(parsed.storage, flags.Default) else parsed.storage,
                workers=flags.number("workers", parsed.workers, 0, int),
                executor=executors.given(parsed),
                watch=lambda done, total: progress.stage("sweep", done, total),
                stop=stop,
            )
    except StoppedError:
        sys.stderr.write(f"sfumato: stopped. Run the same command again to continue from {folder}.\n")
        return 130
    _print(found, TOP, as_json=parsed.json)
    return 0


def _best(arguments: Sequence[str]) -> int:
    from sfumato.lab.plan import SEEDS

    parsed = flags.read(
        "sweep best",
        BEST_DOC,
        arguments,
        flags.positional("sweep", "", "DIR", "folder of a sweep"),
        flags.field("top", str(TOP), "INT", "number of configurations"),
        flags.switch("verdict", "compare them on fresh seeds"),
        flags.field("seeds", str(SEEDS), "INT", "paired seeds of the comparison"),
        flags.field("out", flags.NONE, "DIR", "folder of the comparison"),
        flags.field("workers", "0", "INT", "trials trained in parallel, one thread each; 0: one per core"),
        executors.FLAG,
        flags.switch("json", "print one JSON document; progress goes to standard error"),
    )
    if not parsed.sweep:
        raise SfumatoError("sweep best must be given the folder of a sweep: sfumato sweep best DIR. Got none.")
    top = flags.number("top", parsed.top, 1, int)
    from sfumato.lab.sweep.results import load_sweep

    found = load_sweep(parsed.sweep)
    if not parsed.verdict:
        _print(found, top, as_json=parsed.json)
        return 0
    from sfumato.cli.experiments import train_and_print
    from sfumato.lab.arms import Picture
    from sfumato.lab.compare import paired_seeds
    from sfumato.lab.questions import custom
    from sfumato.lab.sweep.sweep import best_arms

    arms = best_arms(found, top)
    pictures = [Picture(str(facts["source"]), found.folder.picture(n)) for n, facts in enumerate(found.spec.pictures)]
    seeds = paired_seeds(flags.number("seeds", parsed.seeds, 1, int))
    question = f"Are the best of {len(found.configurations)} configurations different, on fresh seeds?"
    plan = custom.plan(arms, pictures, seeds=seeds, tuning=None, equal=found.spec.equal, question=question)
    return train_and_print(
        plan,
        pictures,
        out=None if isinstance(parsed.out, flags.Default) else Path(parsed.out),
        workers=flags.number("workers", parsed.workers, 0, int),
        executor=executors.given(parsed),
        retry=False,
        as_json=parsed.json,
    )


def _space(file: str, typed: Sequence[str]) -> dict[str, str | list[str]]:
    from sfumato.lab.sweep.space import read_file

    if bool(file) == bool(typed):
        raise SfumatoError(
            "sweep must be given either a file with a space or --space FIELD=VALUES. Got neither or both."
        )
    if file:
        return read_file(Path(file))
    space: dict[str, str | list[str]] = {}
    for text in typed:
        field, separator, values = text.partition("=")
        if not separator or not field.strip() or not values.strip():
            raise SfumatoError(f"--space must be FIELD=VALUES, such as model.width=32..512:log. Got {text!r}.")
        if field.strip() in space:
            raise SfumatoError(f"--space must have each field once. Got {field.strip()} twice.")
        space[field.strip()] = values.strip()
    return space


def _print(found: Sweep, top: int, *, as_json: bool) -> None:
    several = len(found.spec.objectives) > 1
    shown = (found.pareto() if several else found.best(top))[:top]
    if as_json:
        sys.stdout.write(json.dumps(_as_json(found, shown), indent=2, allow_nan=False) + "\n")
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        # A file has no width that columns must be fitted to.
        console.width = WIDTH
    names = list(dict.fromkeys(name for each in shown for name in each.parameters))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("trial", *found.spec.objectives, *names):
        table.add_column(Text(one_line(name)), justify="right", overflow="fold")
    for each in shown:
        scores = [_number(each.results.get(name)) for name in found.spec.objectives]
        table.add_row(str(each.number), *scores, *(Text(_cell(each.parameters.get(name))) for name in names))
    console.print(table)
    pruned = sum(each.pruned for each in found.configurations)
    failed = sum(each.results.get("status") in ("failed", "diverged") for each in found.configurations)
    kind = "not beaten in all objectives" if several else "best"
    sys.stdout.write(
        f"\nthe {len(shown)} {kind} of {len(found.configurations)} configurations ({pruned} pruned, {failed} failed or "
        "diverged)\n"
    )
    if not several and len(shown) > 1:
        sys.stdout.write(
            "The best of many is too good by luck; on fresh seeds: "
            f"sfumato sweep best {found.folder.path} --top {min(3, len(shown))} --verdict\n"
        )
    sys.stdout.write(f"\nsweep       {found.folder.path}\n")


def _as_json(found: Sweep, shown: Sequence[Configuration]) -> dict[str, Any]:
    return {
        "sweep": str(found.folder.path),
        "id": found.spec.id,
        "configurations": len(found.configurations),
        "objectives": list(found.spec.objectives),
        "best": [{"number": each.number, **each.results, "parameters": dict(each.parameters)} for each in shown],
    }


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else one_line(str(value))
