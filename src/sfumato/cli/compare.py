"""``sfumato compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato import trust
from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe, changed
from sfumato.recipe.changes import merged, nested
from sfumato.recipe.source import KINDS, read

DOC = """Compare networks fairly on one picture: paired seeds, each at its own best learning rate, an interval.

Examples:  sfumato compare deep-vs-shallow --picture photo.jpg --out depth
           sfumato compare mnist-claim --picture photo.jpg --out claim
           sfumato compare --axis model.width=64,128,256 --equal operations
           sfumato compare --arm relu="model.activation=relu" --arm sine="model.activation=sine(30);model.init=siren"
           sfumato compare --arm new=new.toml --arm old=runs/20261123-154559-cat-4ea5ae38 --seeds 10
"""


def command(arguments: Sequence[str]) -> int:
    """Compare, and print the verdict."""
    from sfumato.lab.plan import SEEDS
    from sfumato.lab.questions import QUESTIONS, deep_vs_shallow, mnist_claim, own

    typed_arms, rest = flags.collected(arguments, "--arm")
    claim = mnist_claim.NAME in rest
    recipe = base.chosen(rest)
    if flags.value_of(rest, "--preset") is None and flags.value_of(rest, "--recipe") is None:
        recipe = changed(recipe, mnist_claim.DEFAULTS if claim else deep_vs_shallow.DEFAULTS)
    questions = {**QUESTIONS, mnist_claim.NAME: mnist_claim}
    seeds = str(mnist_claim.SEEDS if claim else SEEDS)
    names = "; ".join(f"{name}, {question.HELP}" for name, question in questions.items())
    parsed = flags.read(
        "compare",
        DOC,
        rest,
        flags.positional("question", "", "QUESTION", f"{names}; or none, with arms of your own"),
        flags.field("picture", flags.NONE, "FILE", "the picture that all learn; short for --picture.source"),
        flags.field("arm", flags.NONE, "NAME=RECIPE", f"once an arm: {KINDS}, or field=value;field=value;..."),
        flags.field("axis", flags.NONE, "FIELD=A,B,...", "an arm for each value of one field of the recipe"),
        flags.field("out", flags.NONE, "DIR", "the experiment's folder; gone on with where it holds this experiment"),
        flags.field("seeds", seeds, "INT", "paired seeds an arm; below 5 nothing is claimed"),
        flags.field("tune", "true", "true|false", "find each arm's own learning rate first, on other seeds"),
        flags.field("equal", "epochs", "epochs|operations|seconds", "what every arm gets the same of"),
        flags.field(
            "parameters", str(deep_vs_shallow.PARAMETERS), "INT", "of every network, where depths are compared"
        ),
        flags.field("mnist", flags.NONE, "DIR|fetch", "for mnist-claim: a folder of MNIST's four files, or fetch them"),
        flags.field("workers", "0", "INT", "trials trained at a time, each on one thread; 0: one a core"),
        *base.fields(recipe, rest),
    )
    recipe = base.with_flags(recipe, parsed)
    if not isinstance(parsed.picture, flags.Default):
        recipe = changed(recipe, {"picture": {"source": parsed.picture}})
    asked: str | dict[str, Recipe] = parsed.question
    axis = None if isinstance(parsed.axis, flags.Default) else parsed.axis
    if bool(parsed.question) + bool(typed_arms) + bool(axis) != 1:
        raise SfumatoError("compare takes a question, or arms with --arm, or one --axis. Got none or several of these.")
    if typed_arms:
        asked = _arms(typed_arms, recipe, flags.given(parsed.changes))
    elif axis:
        field, _, texts = axis.partition("=")
        values = own.split_list(texts)
        for value in values:
            trust.allow_named_in(nested(field, value))
        asked = own.axis(recipe, field, values)
    parameters = flags.number("parameters", parsed.parameters, 1, int)
    how: dict[str, Any] = {
        "out": None if isinstance(parsed.out, flags.Default) else Path(parsed.out),
        "workers": flags.number("workers", parsed.workers, 0, int),
        "seeds": flags.number("seeds", parsed.seeds, 1, int),
        "tune": flags.truth("tune", parsed.tune),
    }
    mnist = None if isinstance(parsed.mnist, flags.Default) else parsed.mnist
    if parsed.question == mnist_claim.NAME:
        if parsed.equal != "epochs":
            raise SfumatoError(f"equal must be epochs in {mnist_claim.NAME}. Got {parsed.equal!r}.")
        from sfumato.cli import claim as both

        typed = not isinstance(parsed.parameters, flags.Default)
        return both.carried_out(recipe, digits=mnist, parameters=parameters if typed else None, **how)
    if mnist is not None:
        raise SfumatoError(f"--mnist is for the question {mnist_claim.NAME}. Got {mnist!r} without it; leave it out.")
    from sfumato.cli.experiments import carried_out

    return carried_out(asked, recipe, equal=parsed.equal, parameters=parameters, **how)


def _arms(typed: Sequence[str], recipe: Recipe, changes: Mapping[str, Any]) -> dict[str, Recipe]:
    found: dict[str, Recipe] = {}
    for text in typed:
        name, separator, source = text.partition("=")
        if not (name.strip() and separator and source):
            raise SfumatoError(f"--arm must be NAME=RECIPE. Got {text!r}.")
        if name in found:
            raise SfumatoError(f"every arm must have a name of its own. Got --arm {name} twice.")
        try:
            found[name] = _recipe(source, recipe, changes)
        except SfumatoError as error:
            raise SfumatoError(f"arm {name}: {error}") from None
    return found


def _recipe(source: str, base_recipe: Recipe, typed: Mapping[str, Any]) -> Recipe:
    if "=" in source and not source.startswith("sf1:") and not Path(source).exists():
        changes: dict[str, Any] = {}
        for part in source.split(";"):
            field, separator, value = part.strip().partition("=")
            if not separator:
                raise SfumatoError(f"must be field=value;field=value;... Got {part!r}.")
            changes = merged(changes, nested(field.strip(), value.strip()))
        trust.allow_named_in(changes)
        return changed(base_recipe, changes)
    # What an arm's own recipe says about the picture does not matter: all learn the same one.
    return changed(read(source), typed).model_copy(update={"picture": base_recipe.picture})
