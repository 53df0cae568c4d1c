"""The ``sfumato compare`` command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfumato.cli import base, executors, flags
from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe, changed
from sfumato.recipe.source import KINDS

DOC = """Compare networks fairly, on one picture or many: a learning rate tuned for each, and a confidence interval.

Examples:  sfumato compare deep-vs-shallow --picture photo.jpg --out depth
           sfumato compare deep-vs-shallow --pictures kodak --picture.max-side 96 --seeds 3
           sfumato compare mnist-claim --picture photo.jpg --out claim
           sfumato compare --axis model.width=64,128,256 --equal operations
           sfumato compare --axis model.depth=2,4 --axis "model.activation=relu,sine(30)"
           sfumato compare --arm relu="model.activation=relu" --arm sine="model.activation=sine(30);model.init=siren"
           sfumato compare --axis "model.activation=relu,sine(30)" --tune lr,omega
           sfumato compare --arm new=new.toml --arm old=runs/20261123-154559-cat-4ea5ae38 --seeds 10
"""


def command(arguments: Sequence[str]) -> int:
    """Run the comparison, print its verdict, and return the exit status."""
    from sfumato.cli import arms, tuning_flags
    from sfumato.lab.plan import SEEDS
    from sfumato.lab.questions import QUESTIONS, custom, deep_vs_shallow, mnist_claim

    typed_arms, rest = flags.pop_repeated(arguments, "--arm")
    axes, rest = flags.pop_repeated(rest, "--axis")
    claim = mnist_claim.NAME in rest
    recipe, defaults = base.select_recipe(rest), mnist_claim.DEFAULTS if claim else custom.DEFAULTS
    if flags.value_of(rest, "--preset") is None and flags.value_of(rest, "--recipe") is None:
        recipe = changed(recipe, defaults)
    questions = {**QUESTIONS, mnist_claim.NAME: mnist_claim}
    seeds = str(mnist_claim.SEEDS if claim else SEEDS)
    names = "; ".join(f"{name}, {question.HELP}" for name, question in questions.items())
    start = custom.described(custom.defaults_of(changed(Recipe(), defaults)))
    origin = f"Arms start from paint's default recipe with\n    {start};\n    with --preset fast, from that preset.\n"
    base.check_quoted(rest)
    parsed = flags.read(
        "compare",
        f"{DOC}\n{origin}",
        rest,
        flags.positional("question", "", "QUESTION", f"{names}; omit it with custom arms"),
        flags.field("picture", flags.NONE, "FILE", "picture that all arms train on; short for --picture.source"),
        base.VERDICT_PICTURES,
        flags.field(
            "arm",
            flags.NONE,
            "NAME=RECIPE",
            f"an arm; may be repeated: {KINDS}, or field=value;field=value;...",
        ),
        flags.field("axis", flags.NONE, "FIELD=A,B,...", "an arm per value of a field; several axes form a grid"),
        flags.field("out", flags.NONE, "DIR", "folder of the experiment; continued if it holds this one already"),
        flags.field("seeds", seeds, "INT", "paired seeds per arm; below 5 there is no verdict"),
        *tuning_flags.fields("auto", "auto: its rate, unless the arms differ in it"),
        flags.switch("retry", "train failed trials again"),
        flags.switch("json", "print one JSON document; progress goes to standard error"),
        flags.field(
            "equal",
            "epochs",
            "epochs|operations|seconds|samples",
            "what is equal for all arms; samples: also for all pictures",
        ),
        flags.field(
            "parameters", str(deep_vs_shallow.PARAMETERS), "INT", "parameters per network, for questions of depth"
        ),
        flags.field("mnist", flags.NONE, "DIR|fetch", "for mnist-claim: folder of MNIST's four files; fetch: download"),
        flags.field("workers", "0", "INT", "trials trained in parallel, one thread each; 0: one per core"),
        executors.FLAG,
        *base.fields(recipe, rest),
    )
    typed = flags.given(parsed.changes)
    recipe = base.with_picture(base.with_flags(recipe, parsed), parsed)
    pictures = base.pictures_of(parsed)
    question: str | dict[str, Recipe] = parsed.question
    if bool(parsed.question) + bool(typed_arms) + bool(axes) != 1:
        raise SfumatoError("compare must be given exactly one of a question, --arm, or --axis. Got none or several.")
    if typed_arms:
        question = arms.from_arm_flags(typed_arms, recipe, typed)
    elif axes:
        question = arms.from_axis_flags(axes, recipe, typed)
    else:
        arms.check_flags_have_effect(typed, [deep_vs_shallow.SETS], parsed.question)
    if not parsed.question and not isinstance(parsed.parameters, flags.Default):
        raise SfumatoError(
            f"--parameters is for questions of depth. Got {parsed.parameters!r} with custom arms; leave it out."
        )
    parameters = flags.number("parameters", parsed.parameters, 1, int)
    options: dict[str, Any] = {
        "out": None if isinstance(parsed.out, flags.Default) else Path(parsed.out),
        "workers": flags.number("workers", parsed.workers, 0, int),
        "executor": executors.given(parsed),
        "seeds": flags.number("seeds", parsed.seeds, 1, int),
        **tuning_flags.options(parsed),
        "retry": parsed.retry,
    }
    as_json = parsed.json
    mnist = None if isinstance(parsed.mnist, flags.Default) else parsed.mnist
    if parsed.question == mnist_claim.NAME:
        if parsed.equal != "epochs":
            raise SfumatoError(f"equal must be epochs in {mnist_claim.NAME}. Got {parsed.equal!r}.")
        from sfumato.cli import mnist_claim as claim_command

        if pictures is not None:
            raise SfumatoError(f"{mnist_claim.NAME} compares one picture with digits. Got --pictures; give --picture.")
        if as_json:
            raise SfumatoError(f"--json is not for {mnist_claim.NAME}. Leave it out.")
        typed = not isinstance(parsed.parameters, flags.Default)
        return claim_command.run_experiment(recipe, digits=mnist, parameters=parameters if typed else None, **options)
    if mnist is not None:
        raise SfumatoError(f"--mnist is for the question {mnist_claim.NAME}. Got {mnist!r} without it; leave it out.")
    from sfumato.cli.experiments import run_experiment

    return run_experiment(
        question, recipe, pictures=pictures, as_json=as_json, equal=parsed.equal, parameters=parameters, **options
    )
