"""Code that a folder, a file, a shared string, or a link names is never imported; what the user names is."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import sfumato as sf
from sfumato import trust
from sfumato.cli import experiments
from sfumato.cli.main import main
from sfumato.lab.experiment import StoppedError
from sfumato.recipe import Recipe, changed, to_string, to_toml, values
from sfumato.studio.subprocess import Subprocess
from tests.small import SMALL, picture
from tests.studio.client import client

PAYLOAD = """
from pathlib import Path
import torch

Path("imported").touch()

class Net(torch.nn.Linear):
    def __init__(self, channels=3):
        super().__init__(2, channels)
"""

NAME = "runs.evil.payload:Net"
"""A class in a namespace package: there is no __init__.py."""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folders of two runs that can be resumed, by the field that could name code of their authors."""
    options: dict[str, Any] = {"runs": tmp_path_factory.mktemp("a"), "film": "none", "stop": lambda: True}
    small = {**SMALL, "budget": {"epochs": 50}}
    linear = sf.fit(torch.nn.Linear(2, 3), picture(), **options, **{**small, "model": {}})
    return {"module": linear.folder, "activation": sf.paint(picture(), **options, **small).folder}


@pytest.fixture(params=["module", "activation"])
def field(request: pytest.FixtureRequest) -> str:
    """Return the field of the model that names code."""
    return request.param


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: dict[str, Path], field: str) -> Path:
    """Change to a folder with a run that contains code and names it; return the folder."""
    evil = tmp_path / "runs" / "evil"
    shutil.copytree(stopped[field], evil)
    (evil / "payload.py").write_text(PAYLOAD)
    facts = json.loads((evil / "run.json").read_text())
    facts["recipe"]["model"][field] = NAME
    (evil / "run.json").write_text(json.dumps(facts))
    recipe = Recipe.of(facts["recipe"])
    (tmp_path / "evil.toml").write_text(to_toml(recipe))
    (tmp_path / "string").write_text(to_string(recipe))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trust, "_ALLOWED", set())
    for name in ("runs", "runs.evil", "runs.evil.payload"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def was_imported(here: Path) -> bool:
    return (here / "imported").exists()


RUN = "runs/evil"
QUICK = ("--budget.epochs", "1", "--picture.max-side", "8")

COMMANDS = {
    "resume": ("resume", RUN),
    "film": ("film", RUN, "--every", "moment"),
    "render": ("render", RUN),
    "render neurons": ("render", RUN, "--neurons", "all"),
    "check a run": ("check", RUN, "--picture", "cat"),
    "check a file": ("check", "evil.toml", "--picture", "cat"),
    "check --recipe": ("check", "--recipe", RUN, "--picture", "cat"),
    "describe": ("describe", "--recipe", RUN),
    "recipe": ("recipe", RUN),
    "show": ("show", RUN),
    "runs": ("runs",),
    "paint --recipe a run": ("paint", "cat", "--recipe", RUN, *QUICK),
    "paint --recipe a file": ("paint", "cat", "--recipe", "evil.toml", *QUICK),
    "paint from its weights": ("paint", "cat", "--warm-start", RUN, *QUICK),
    "compare --recipe": (
        "compare",
        "--recipe",
        RUN,
        "--axis",
        "training.batch=8,16",
        "--picture",
        "cat",
        "--seeds",
        "1",
        *QUICK,
    ),
    "compare --arm": ("compare", "--arm", f"a={RUN}", "--arm", "b=fast", "--picture", "cat", "--seeds", "1", *QUICK),
    "ablate": ("ablate", "--recipe", RUN, "--undo", "training.batch=8", "--picture", "cat", "--seeds", "1", *QUICK),
    "speedrun": ("speedrun", "open", "--recipe", RUN),
    "stop": ("stop", RUN),
}
NEEDS_NO_NETWORK = ("recipe", "show", "runs")


def untrained(*_: Any, **__: Any) -> Any:
    """Stop an experiment before its first trial, which would import the allowed classes."""
    raise StoppedError


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_imports_no_class_that_a_file_names(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, field: str
) -> None:
    monkeypatch.setattr(experiments, "run_plan", untrained)
    status = main([*COMMANDS[name]])
    assert not was_imported(here)
    assert not trust.allowed()
    captured = capsys.readouterr()
    if name in NEEDS_NO_NETWORK or (name, field) == ("describe", "activation"):
        # The size of a network does not depend on what its activation computes.
        assert status == 0
    elif name.startswith(("compare", "ablate")):
        assert status == 130
    else:
        assert status == 2
        assert captured.err.splitlines()[-1].startswith("sfumato: ")


@pytest.mark.slow
def test_a_string_is_trusted_no_more_than_a_file(here: Path, field: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint", "cat", "--recipe", (here / "string").read_text().strip(), *QUICK]) == 2
    assert not was_imported(here)
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"--model.{field} '{NAME}'" in error


@pytest.mark.slow
@pytest.mark.parametrize(
    "call",
    [
        lambda: sf.resume(RUN, film="none"),
        lambda: sf.load_run(RUN).model(),
        lambda: sf.paint(picture(), recipe=sf.load_run(RUN).recipe, film="none"),
        lambda: sf.check(picture(), recipe=sf.load_run(RUN).recipe),
        lambda: next(iter(sf.train(picture(), recipe=sf.load_run(RUN).recipe))),
    ],
)
def test_python_imports_no_class_that_a_run_names(here: Path, call: Callable[[], Any]) -> None:
    with pytest.raises(sf.RecipeError, match=r"must be named by you .* --(module|allow) .* in Python"):
        call()
    assert not was_imported(here)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["module"], indirect=True)
def test_a_class_of_a_flag_is_imported(here: Path) -> None:
    assert main(["check", "--recipe", RUN, "--picture", "cat", "--model.module", NAME]) in (0, 1)
    assert was_imported(here)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "--arm", "a=model.{field}={name}", "--arm", "b=model.width=4"),
        ("compare", "--axis", "model.{field}={name},{other}"),
        ("ablate", "--undo", "model.{field}={name}"),
    ],
)
def test_a_class_of_an_arm_of_a_flag_may_be_imported(
    here: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], field: str
) -> None:
    monkeypatch.setattr(experiments, "run_plan", untrained)
    other = {"module": "none", "activation": "relu"}[field]
    texts = [each.format(field=field, name=NAME, other=other) for each in arguments]
    assert main([*texts, "--picture", "cat", "--seeds", "1", "--engine", "autograd", *QUICK]) == 130
    assert trust.allowed() == (NAME,)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["module"], indirect=True)
def test_a_class_of_a_call_is_imported(here: Path) -> None:
    sf.check(picture(), **{**SMALL, "model": {"module": NAME}})
    assert was_imported(here)
    # It is allowed from here on.
    sf.load_run(RUN).model()


@pytest.mark.slow
def test_the_studio_imports_nothing(here: Path, field: str) -> None:
    string = (here / "string").read_text().strip()
    evil = [{"preset": string}, {"changes": {f"model.{field}": NAME}}]
    with client(here / "runs") as studio:
        for body in evil:
            for path in ("/api/runs", "/api/check", "/api/describe"):
                response = studio.post(path, json=body)
                assert response.status_code == 422 or response.json()["valid"] is False
            assert studio.post("/api/race", json={"arms": [body, body]}).status_code == 422
        response = studio.post("/api/runs/evil/resume")
        assert response.status_code == 409
        flag = {"module": "--module", "activation": f"--allow {NAME}"}[field]
        assert flag in response.json()["problem"]
        for path in ("", "/metrics", "/layers/1", "/tiles/0/0/0.png", "/histograms", "/ranks", "/painting.png"):
            studio.get(f"/api/runs/evil{path}")
        studio.get("/api/experiments")
    assert not was_imported(here)


@pytest.mark.parametrize("what", ["resume", "check"])
def test_the_training_process_imports_nothing(here: Path, what: str, field: str) -> None:
    from sfumato.studio.training import worker

    recipe = values(changed(Recipe(), {"model": {field: NAME}, "picture": {"source": "cat", "max_side": 8}}))
    output = io.BytesIO()
    worker._serve({"do": what, "folder": RUN, "recipe": recipe}, output)
    assert "must be named by you" in json.loads(output.getvalue())["problem"]
    assert not was_imported(here)


@pytest.mark.slow
def test_no_process_imports_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``python -m`` would import from there first, even sfumato itself."""
    (tmp_path / "sfumato").mkdir()
    (tmp_path / "sfumato" / "__init__.py").write_text("from pathlib import Path\nPath('imported').touch()\n")
    shutil.copy(tmp_path / "sfumato" / "__init__.py", tmp_path / "json.py")
    monkeypatch.chdir(tmp_path)
    child = Subprocess("sfumato.studio.form.decode_upload", tmp_path / "log")
    child.process.wait(60)
    child.close()
    assert not was_imported(tmp_path)
