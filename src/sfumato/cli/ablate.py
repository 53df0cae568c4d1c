"""``sfumato ablate``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from sfumato import trust
from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe, changed, preset

DOC = """Undo one setting of a recipe at a time, and all together, and say with intervals which of them matter.

Examples:  sfumato ablate six-hints --picture photo.jpg
           sfumato ablate rprop-sigmoid --picture photo.jpg
           sfumato ablate --preset blog-2012 --undo training.sampler=sequential --undo model.output_activation=sigmoid
           sfumato ablate --undo "training.batch=64;training.schedule=constant" --seeds 10 --out batch
"""


def command(arguments: Sequence[str]) -> int:
    """Ablate, and print what matters."""
    from sfumato.lab.plan import SEEDS
    from sfumato.lab.questions import ABLATIONS

    undone, rest = flags.collected(arguments, "--undo")
    question = next((ABLATIONS[word] for word in rest if word in ABLATIONS), None)
    recipe = _recipe(question, rest)
    names = "; ".join(f"{name}, {each.HELP}" for name, each in ABLATIONS.items())
    parsed = flags.read(
        "ablate",
        DOC,
        rest,
        flags.positional("question", "", "QUESTION", f"{names}; or none, with --undo"),
        flags.field("picture", flags.NONE, "FILE", "the picture that all learn; short for --picture.source"),
        flags.field("undo", flags.NONE, "FIELD=VALUE", "once a setting: what it becomes; field=value;field=value"),
        flags.field("out", flags.NONE, "DIR", "the experiment's folder; gone on with where it holds this experiment"),
        flags.field("seeds", str(SEEDS), "INT", "paired seeds an arm; below 5 nothing is claimed"),
        flags.switch("retry", "train again what failed before"),
        flags.field("workers", "0", "INT", "trials trained at a time, each on one thread; 0: one a core"),
        *base.fields(recipe, rest),
    )
    if bool(parsed.question) + bool(undone) != 1:
        raise SfumatoError("ablate takes a question, or what to undo with --undo. Got neither or both.")
    if parsed.question and question is None:
        close = difflib.get_close_matches(parsed.question, ABLATIONS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise SfumatoError(f"the question must be one of {', '.join(ABLATIONS)}. Got {parsed.question!r}{hint}")
    recipe = base.with_picture(base.with_flags(recipe, parsed), parsed)
    from sfumato.api import load_picture
    from sfumato.cli.arms import check_heeded
    from sfumato.cli.experiments import planned
    from sfumato.lab.compare import paired_seeds
    from sfumato.lab.questions import ablation

    if question is not None:
        check_heeded(flags.given(parsed.changes), [question.SETS], parsed.question)
    for text in undone:
        trust.allow_named_in(ablation.parsed(text))
    picture = load_picture(recipe)
    if "budget" not in flags.given(parsed.changes) and not _has_budget(question, rest):
        recipe = changed(
            recipe, {"budget": {"epochs": ablation.affordable_epochs(picture.shape[0] * picture.shape[1])}}
        )
    seeds = flags.number("seeds", parsed.seeds, 1, int)
    paired = paired_seeds(seeds)
    plan = (
        ablation.plan(recipe, picture, undone, seeds=paired)
        if question is None
        else question.plan(recipe, picture, seeds=paired)
    )
    return planned(
        plan,
        picture,
        out=None if isinstance(parsed.out, flags.Default) else Path(parsed.out),
        workers=flags.number("workers", parsed.workers, 0, int),
        retry=parsed.retry,
    )


def _recipe(question: ModuleType | None, arguments: Sequence[str]) -> Recipe:
    """What is ablated, before flags."""
    from sfumato.lab.questions import ablation

    named = flags.value_of(arguments, "--preset") is not None or flags.value_of(arguments, "--recipe") is not None
    if question is None:
        return base.chosen(arguments) if named else changed(base.chosen(arguments), ablation.DEFAULTS)
    if named:
        raise SfumatoError(
            f"the question ablates the preset {question.PRESET}. Got --preset or --recipe; leave it out."
        )
    return changed(preset(question.PRESET), question.DEFAULTS)


def _has_budget(question: ModuleType | None, arguments: Sequence[str]) -> bool:
    # A preset's 500 epochs are one person's afternoon; sixty trainings get what they can pay for.
    if question is not None:
        return "budget" in question.DEFAULTS
    return flags.value_of(arguments, "--recipe") is not None
