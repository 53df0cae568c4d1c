"""The ``sfumato ablate`` command."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from sfumato import trust
from sfumato.cli import base, executors, flags
from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe, changed, preset

DOC = """Undo one setting of a recipe at a time, and all together, and report the effects with confidence intervals.

Examples:  sfumato ablate six-hints --picture photo.jpg
           sfumato ablate rprop-sigmoid --picture photo.jpg
           sfumato ablate --preset blog-2012 --undo training.sampler=sequential --undo model.output_activation=sigmoid
           sfumato ablate --undo model.activation=relu --tune lr,batch
           sfumato ablate --undo "training.batch=64;training.schedule=constant" --seeds 10 --out batch
"""


def command(arguments: Sequence[str]) -> int:
    """Run the ablation, print its verdict, and return the exit status."""
    from sfumato.cli import tuning_flags
    from sfumato.lab.plan import SEEDS
    from sfumato.lab.questions import ABLATIONS

    undo_texts, rest = flags.pop_repeated(arguments, "--undo")
    question = next((ABLATIONS[word] for word in rest if word in ABLATIONS), None)
    recipe = _recipe(question, rest)
    names = "; ".join(f"{name}, {each.HELP}" for name, each in ABLATIONS.items())
    base.check_quoted(rest)
    parsed = flags.read(
        "ablate",
        DOC,
        rest,
        flags.positional("question", "", "QUESTION", f"{names}; omit it with --undo"),
        flags.field("picture", flags.NONE, "FILE", "picture that all arms train on; short for --picture.source"),
        base.VERDICT_PICTURES,
        flags.field("undo", flags.NONE, "FIELD=VALUE", "ablated values as field=value;field=value; may be repeated"),
        flags.field("out", flags.NONE, "DIR", "folder of the experiment; continued if it holds this one already"),
        flags.field("seeds", str(SEEDS), "INT", "paired seeds per arm; below 5 there is no verdict"),
        *tuning_flags.fields("false", "false: rates are settings like others"),
        flags.switch("retry", "train failed trials again"),
        flags.switch("json", "print one JSON document; progress goes to standard error"),
        flags.field("workers", "0", "INT", "trials trained in parallel, one thread each; 0: one per core"),
        executors.FLAG,
        *base.fields(recipe, rest),
    )
    if bool(parsed.question) + bool(undo_texts) != 1:
        raise SfumatoError("ablate must be given either a question or --undo FIELD=VALUE. Got neither or both.")
    if parsed.question and question is None:
        close = difflib.get_close_matches(parsed.question, ABLATIONS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise SfumatoError(f"the question must be one of {', '.join(ABLATIONS)}. Got {parsed.question!r}{hint}")
    recipe = base.with_picture(base.with_flags(recipe, parsed), parsed)
    from sfumato.cli.arms import check_flags_have_effect
    from sfumato.cli.experiments import load_targets, train_and_print
    from sfumato.lab import picture_sets
    from sfumato.lab.compare import paired_seeds
    from sfumato.lab.questions import ablation
    from sfumato.lab.tuning_options import tuned_ablation, tuning_of

    if question is not None:
        check_flags_have_effect(flags.given(parsed.changes), [question.SETS], parsed.question)
    for text in undo_texts:
        trust.allow_named_in(ablation.parsed(text))
    pictures = base.pictures_of(parsed)
    targets = load_targets(recipe, pictures)
    if pictures is not None:
        recipe = picture_sets.of_picture(recipe, targets[0])
    if "budget" not in flags.given(parsed.changes) and not _has_budget(question, rest):
        pixels = max(each.values.shape[0] * each.values.shape[1] for each in targets)
        recipe = changed(recipe, {"budget": {"epochs": ablation.affordable_epochs(pixels)}})
    how = tuning_flags.options(parsed)
    tuning = tuning_of(how["tune"], how["tuning_seeds"], how["tuning_trials"])
    seeds = flags.number("seeds", parsed.seeds, 1, int)
    paired = paired_seeds(seeds)
    plan = (
        ablation.plan(recipe, targets, undo_texts, seeds=paired)
        if question is None
        else question.plan(recipe, targets, seeds=paired)
    )
    return train_and_print(
        tuned_ablation(plan, tuning),
        targets,
        out=None if isinstance(parsed.out, flags.Default) else Path(parsed.out),
        workers=flags.number("workers", parsed.workers, 0, int),
        executor=executors.given(parsed),
        retry=parsed.retry,
        as_json=parsed.json,
    )


def _recipe(question: ModuleType | None, arguments: Sequence[str]) -> Recipe:
    """Return the recipe that is ablated, before its flags are applied."""
    from sfumato.lab.questions import ablation

    named = flags.value_of(arguments, "--preset") is not None or flags.value_of(arguments, "--recipe") is not None
    if question is None:
        return base.select_recipe(arguments) if named else changed(base.select_recipe(arguments), ablation.DEFAULTS)
    if named:
        raise SfumatoError(
            f"the question ablates the preset {question.PRESET}. Got --preset or --recipe; leave it out."
        )
    return changed(preset(question.PRESET), question.DEFAULTS)


def _has_budget(question: ModuleType | None, arguments: Sequence[str]) -> bool:
    # The 500 epochs of a preset take one training an afternoon; for sixty trainings a budget is computed.
    if question is not None:
        return "budget" in question.DEFAULTS
    return flags.value_of(arguments, "--recipe") is not None
