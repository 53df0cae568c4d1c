"""The form's fields, and descriptions of recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sfumato.recipe import DESCRIPTIONS, Recipe, changed, preset
from sfumato.recipe.choices import FAMILIES
from sfumato.recipe.fields import nested
from sfumato.studio.training.worker_pool import WorkerPool
from tests.runs import made


def described(studio: TestClient, changes: dict[str, str], name: str = "fast", **more: Any) -> dict[str, Any]:
    answer = studio.post("/api/describe", json={"preset": name, "changes": changes, **more})
    assert answer.status_code == 200
    return answer.json()


def test_every_choice_of_every_family_is_in_the_form(studio: TestClient) -> None:
    form = studio.get("/api/form").json()
    fields = [each for section in form["sections"] for each in section["fields"]]
    offered = {choice["name"] for each in fields if each["kind"] == "call" for choice in each["choices"]}
    assert offered == {name for family in FAMILIES for name in family.members}
    assert "model.module" not in {each["path"] for each in fields}
    depth = next(each for each in fields if each["path"] == "model.depth")
    assert (depth["kind"], depth["default"], depth["low"], depth["high"]) == ("integer", "4", 0, 1000)
    sine = next(
        choice for each in fields if each["path"] == "model.activation" for choice in each["choices"]
        if choice["name"] == "sine"
    )  # fmt: skip
    omega, first = sine["parameters"]
    assert (omega["name"], omega["kind"], omega["default"], omega["above"]) == ("omega", "number", "30", 0)
    assert omega["help"]
    assert (first["name"], first["optional"], first["default"]) == ("first_omega", True, "none")
    assert all(each["help"] for each in fields)


def test_the_form_keeps_a_worker_warm(studio: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    expected: list[WorkerPool] = []
    monkeypatch.setattr(WorkerPool, "keep_warm", lambda workers: expected.append(workers))
    for path in ("/", "/new", "/api/runs"):
        studio.get(path)
    assert expected == []
    studio.get("/api/form")
    assert len(expected) == 1


def test_presets_are_complete(studio: TestClient) -> None:
    form = studio.get("/api/form").json()
    assert [each["name"] for each in form["presets"]] == list(DESCRIPTIONS)
    for each in form["presets"]:
        assert changed(Recipe(), nested(each["values"])) == preset(each["name"])
    cat = {"name": "cat", "help": "Chelsea the cat, 451x300", "size": [451, 300], "thumbnail": "/api/samples/cat.webp"}
    assert cat in form["pictures"]


def test_a_recipe_is_described(studio: TestClient) -> None:
    found = described(studio, {"model.depth": "2", "model.width": "10", "budget.epochs": "3", "training.batch": "100"})
    assert found["valid"]
    assert found["parameters"] == 30 + 110 + 33
    assert [layer["units"] for layer in found["layers"]] == [10, 10, 3]
    assert found["steps"] == 3 * -(-451 * 300 // 100)
    assert found["differences"]["budget.epochs"] == "3"
    assert found["string"].startswith("sf2:")
    again = described(studio, {}, found["string"])
    assert again["string"] == found["string"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"model.depth": "-1"}, "model.depth", "at least 0"),
        ({"model.deph": "1"}, None, "model.depth"),
        ({"model.activation": "sinus"}, "model.activation", "did you mean 'sine'"),
        ({"training.optimizer": "adam(lr=-1)"}, "training.optimizer", "at least 0"),
        ({"budget.seconds": "none"}, "budget", "at least one"),
        ({"model.module": "os:Path"}, "model.module", "none in the studio"),
        ({"": "1"}, None, "field"),
        ({"model": "4"}, "model", "model"),
        ({"model.depth.more": "4"}, "model.depth", "number"),
        ({"model": "4", "model.depth": "4"}, None, "model.depth"),
        ({"budget.epochs": "1e308"}, "budget.epochs", "at most"),
    ],
)
def test_errors_name_their_field(studio: TestClient, changes: dict[str, str], field: str | None, words: str) -> None:
    found = described(studio, changes)
    assert not found["valid"]
    assert words in found["problem"]
    if field in ("model.depth", "model.activation", "training.optimizer", "model.module"):
        assert found["field"] == field


def test_an_unknown_preset_is_reported(studio: TestClient) -> None:
    assert "did you mean 'fast'" in described(studio, {}, "fats")["problem"]
    assert not described(studio, {}, "sf2:AAAA")["valid"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"preset": 1}', b'{"changes": {"a": 1}}', b'{"other": 1}', b"\xff\xfe"]
)
def test_invalid_bodies_are_refused(studio: TestClient, body: bytes) -> None:
    answer = studio.post("/api/describe", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["problem"]


def test_long_bodies_are_refused(studio: TestClient) -> None:
    answer = studio.post("/api/describe", json={"changes": {"model.depth": "1" * 70_000}})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "source", ["/etc/passwd", "../photo.jpg", "runs/.studio/pictures/../../x", "http://a/b.png", "~"]
)
def test_other_files_are_refused(studio: TestClient, tmp_path: Path, source: str) -> None:
    made.run(tmp_path / "runs", "one", picture={"source": "own.jpg"})
    for path in ("/api/runs", "/api/check"):
        answer = studio.post(path, json={"picture": source})
        assert answer.status_code == 422
        assert answer.json()["field"] == "picture.source"
    answer = studio.post("/api/race", json={"arms": [{}, {"changes": {"picture.source": source}}]})
    assert (answer.status_code, answer.json()["field"]) == (422, "arms.1.picture.source")


@pytest.mark.parametrize("arms", [[], [{}], [{}] * 9, "two", [{}, 3]])
def test_a_race_has_two_to_eight_arms(studio: TestClient, arms: object) -> None:
    assert studio.post("/api/race", json={"arms": arms}).status_code == 422
