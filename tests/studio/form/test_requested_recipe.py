"""Which pictures a form may name, and which files are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, changed
from sfumato.runs import layout, queued
from sfumato.studio.form import requested_recipe
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.training.queue import Queue
from sfumato.studio.training.worker_pool import WorkerPool
from tests.awaited import awaited
from tests.runs import made
from tests.small import SMALL, picture

SECRET = "/etc/hostname"


def stored(runs: Path, name: str, **settings: Any) -> Path:
    folder = made.run(runs, name, picture={"source": SECRET, **settings})
    (folder / layout.PICTURE).write_bytes(b"what it learned")
    return folder


def asked(**settings: Any) -> Recipe:
    return changed(Recipe(), {"picture": {"source": SECRET, **settings}})


def test_the_stored_picture_is_read(runs: Path) -> None:
    folder = stored(runs, "one")
    assert requested_recipe.run_with_picture(asked(), Gallery(runs)) == folder


def test_a_run_that_only_names_a_file_is_not_enough(studio: TestClient, runs: Path) -> None:
    made.run(runs, "one", picture={"source": SECRET})
    for path in ("/api/runs", "/api/check"):
        answer = studio.post(path, json={"picture": SECRET})
        assert (answer.status_code, answer.json()["field"]) == (422, "picture.source")


@pytest.mark.parametrize("link", [True, False])
def test_a_stored_picture_must_be_a_regular_file(runs: Path, link: bool) -> None:
    folder = made.run(runs, "one", picture={"source": SECRET})
    if link:
        (folder / layout.PICTURE).symlink_to(SECRET)
    else:
        (folder / layout.PICTURE).mkdir()
    with pytest.raises(RecipeError, match=r"^picture\.source must be a sample"):
        requested_recipe.run_with_picture(asked(), Gallery(runs))


def test_a_stored_picture_keeps_its_settings(runs: Path) -> None:
    small, large = stored(runs, "small", max_side=100), stored(runs, "large", max_side=None)
    gallery = Gallery(runs)
    assert requested_recipe.run_with_picture(asked(max_side=100), gallery) == small
    assert requested_recipe.run_with_picture(asked(max_side=None), gallery) == large
    with pytest.raises(RecipeError, match=r"^picture\.max_side must be .*, as when .* Got 50; upload the file"):
        requested_recipe.run_with_picture(asked(max_side=50), gallery)


def test_a_queued_run_refers_to_the_run_and_not_to_the_file(runs: Path) -> None:
    folder, gallery = stored(runs, "one"), Gallery(runs)
    workers = WorkerPool(runs, lambda recipe: requested_recipe.run_with_picture(recipe, gallery))
    queue = Queue(workers, gallery)
    names = awaited(queue.start([asked(), Recipe()]))
    found = [queued.read(runs / name) for name in names]
    assert [each.stored for each in found if each is not None] == [folder, None]


@pytest.mark.slow
def test_a_stored_picture_does_not_depend_on_the_file(tmp_path: Path) -> None:
    first = sf.paint(picture(), runs=tmp_path, film="none", live=False, **SMALL)
    recipe = changed(first.recipe, {"model": {"width": 8}, "picture": {"source": "gone.jpg"}})
    other = sf.resume(queued.enqueue(tmp_path, recipe, first.folder), film="none", live=False)
    assert (other.picture == first.picture).all()
    assert other.recipe.picture.source == "gone.jpg"


def test_a_missing_stored_picture_is_reported(tmp_path: Path) -> None:
    folder = queued.enqueue(tmp_path, Recipe(), tmp_path / "gone")
    with pytest.raises(sf.RunError, match="gone"):
        sf.resume(folder)
    assert queued.read(folder) is not None
