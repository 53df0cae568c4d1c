"""Every tool works for every member that changes the network: runs and films, renders, insides, checks, comparisons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sfumato as sf
from sfumato.models import Region
from sfumato.render import neurons
from tests.contract.members import MEMBERS, Member, recipe_of, target

pytestmark = pytest.mark.slow
# Weights that are drawn in another way change no tool.
SHAPING = [member for member in MEMBERS if member.of_model and member.kind.family != "initialization"]
of_models = pytest.mark.parametrize("member", SHAPING, ids=str)


@of_models
def test_a_run_has_a_painting_a_film_and_its_network(member: Member, tmp_path: Path) -> None:
    run = sf.paint(target(), recipe=recipe_of(member, budget={"steps": 8}), runs=tmp_path, film="webp", live=False)
    assert run.status == "done"
    assert (run.folder / "learning.webp").stat().st_size > 100
    network, _ = sf.load_run(run.folder).model()
    layer = neurons.layer(network, run.recipe.coordinates, 1, (7, 6), Region(-0.5, 0, 1.5, 1))
    assert layer.outputs.shape == (24, 7, 6)
    assert np.isfinite(layer.outputs).all()
    assert layer.outputs.std() > 0


@of_models
def test_a_check_finds_that_it_works(member: Member) -> None:
    found = sf.check(target(), recipe=recipe_of(member))
    assert found.works, found.summary()
