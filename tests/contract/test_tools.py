"""Every tool works for every member: films, renders, units, metrics, checks, comparisons, the form, custom networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import sfumato as sf
from sfumato import models
from sfumato.cli.main import main
from sfumato.lab.arms import Picture
from sfumato.lab.compare import plan_of
from sfumato.lab.experiment import run_plan
from sfumato.models import Region
from sfumato.recipe import changed
from sfumato.recipe.changes import flat, values
from sfumato.recipe.description import describe
from sfumato.recipe.report import drawing, one_line
from sfumato.recipe.summary import text
from sfumato.recipe.text import from_string
from sfumato.render import neurons
from sfumato.studio.form.description import description
from sfumato.studio.web.request_bodies import RecipeRequest
from tests.contract.members import MEMBERS, SIDE, Member, recipe_of, target

pytestmark = pytest.mark.slow
members = pytest.mark.parametrize("member", MEMBERS, ids=str)
# Weights that are drawn in another way change no tool.
of_networks = pytest.mark.parametrize(
    "member", [member for member in MEMBERS if member.of_model and member.kind.family != "initialization"], ids=str
)
of_trainings = pytest.mark.parametrize("member", [member for member in MEMBERS if not member.of_model], ids=str)

FEW = {"budget": {"steps": 8}}


@of_networks
def test_a_run_has_a_painting_a_film_a_rendering_and_units(member: Member, tmp_path: Path) -> None:
    run = sf.paint(target(), recipe=recipe_of(member, **FEW), runs=tmp_path, film="webp", live=False)
    assert run.status == "done"
    assert (run.folder / "learning.webp").stat().st_size > 100
    out = tmp_path / "rendering.png"
    assert main(["render", str(run.folder), "--size", f"{SIDE}x{SIDE}", "--out", str(out)]) == 0
    with Image.open(out) as image:
        assert np.abs(np.asarray(image) / 255 - run.painting).max() < 1.5 / 255
    network, _ = sf.load_run(run.folder).model()
    layer = neurons.layer(network, run.recipe.coordinates, 1, (7, 6), Region(-0.5, 0, 1.5, 1))
    assert layer.outputs.shape == (24, 7, 6)
    assert np.isfinite(layer.outputs).all()
    assert layer.outputs.std() > 0


@of_trainings
def test_a_custom_network_is_trained_and_measured(member: Member, tmp_path: Path) -> None:
    recipe = recipe_of(member, **FEW)
    module = models.build(recipe.model, 3, 0, torch.float32, recipe.coordinates)
    before = [each.detach().clone() for each in module.parameters()]
    run = sf.fit(module, target(), recipe=recipe, runs=tmp_path, film="none", live=False)
    assert run.status == "done"
    assert not all(torch.equal(*each) for each in zip(before, module.parameters(), strict=True))
    last = run.metrics[-1]
    assert last["psnr"] == run.psnr
    assert last["step"] == 8
    assert run.table().columns


@members
def test_a_check_finds_that_it_works(member: Member) -> None:
    found = sf.check(target(), recipe=recipe_of(member))
    assert found.works, found.summary()


@members
def test_it_is_drawn_and_described_in_the_form(member: Member, tmp_path: Path) -> None:
    recipe = recipe_of(member)
    found = describe(recipe)
    assert one_line(found).startswith("2 -> ")
    assert len(drawing(found)) > 8
    changes = {path: text(value) for path, value in flat(values(recipe)).items() if value is not None}
    shown = description(RecipeRequest(preset="fast", changes=changes), tmp_path)
    assert shown["valid"], shown["problem"]
    assert shown["parameters"] == found.parameters
    section, key = member.field.split(".")
    chosen = getattr(getattr(from_string(shown["string"]), section), key)
    assert chosen == getattr(getattr(recipe, section), key)
    assert isinstance(chosen, member.kind)


def test_all_are_compared(tmp_path: Path) -> None:
    budget = {"epochs": 1, "steps": None}
    arms = {str(member).replace("/", "-"): changed(recipe_of(member), {"budget": budget}) for member in MEMBERS}
    plan = plan_of(arms, [Picture("waves", target())], seeds=1, tune=False)
    assert [arm.name for arm in plan.arms] == list(arms)
    experiment = run_plan(plan, (target(),), tmp_path / "all", workers=1)
    for arm in plan.arms:
        (score,) = experiment.scores(arm).values()
        assert np.isfinite(score), arm.name
