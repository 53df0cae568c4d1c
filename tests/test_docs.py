"""Every command and every Python block in docs/ runs in a shorter version; the reference matches the code."""

from __future__ import annotations

import io
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sfumato as sf
from sfumato.cli.main import main
from sfumato.lab.digits import epoch_time
from sfumato.lab.executors import select
from sfumato.lab.speedrun import report
from tests.lab.speedrun import made
from tests.shortened import fast_forecasts, shortened
from tests.small import SMALL, picture

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts)
SHORT = ["--picture.max-side", "16", "--budget.epochs", "1", "--threads", "1", "--runs", "made"]
ABLATED = ["--picture.max-side", "12", "--seeds", "1", "--budget.epochs", "1", "--model.width", "6"]
NARROW: dict[str, Any] = {**SMALL, "model": {"depth": 2, "width": 6}}
COMPARED = ["--picture.max-side", "16", "--seeds", "2", "--tune", "false", "--budget.epochs", "1"]
NETS = """
from torch import nn
class Net(nn.Module):
    def __init__(self, width=8, channels=3):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, channels))
    def forward(self, x):
        return self.layers(x)
"""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


COMMANDS = [
    pytest.param(line.partition("  #")[0].strip().removeprefix("$ "), id=f"{page.stem}: {line[:60]}")
    for page in PAGES
    for block in blocks(page, "sh")
    for line in block.splitlines()
    if re.match(r"(\$ )?sfumato ", line)
]


def tuned(arguments: list[str]) -> list[str]:
    """Return the short flags of a comparison that shows what is tuned."""
    several = "," in arguments[arguments.index("--tune") + 1]
    seeds = ["--picture.max-side", "16", "--seeds", "2", "--budget.epochs", "1", "--tuning-seeds", "2"]
    return [*seeds, *(["--tuning-trials", "4"] if several else [])]


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a finished run and a stopped one."""
    folder = tmp_path_factory.mktemp("painted")
    sf.paint(picture(16, 16), runs=folder / "runs", film="none", **NARROW)
    sf.paint(picture(), runs=folder / "stopped", film="none", stop=lambda: True, **SMALL)
    return folder


@pytest.fixture
def folder(painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with copies of these runs, a picture, and a network; return it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(painted, tmp_path, dirs_exist_ok=True)
    Image.fromarray((picture(16, 16) * 255).round().astype(np.uint8)).save("photo.png")
    Path("photos").mkdir()
    for number in range(5):
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)).save(
            f"photos/{number}.png"
        )
    for name, count in (("on-one-picture.csv", 1), ("on-many.csv", 5)):
        rows = (f"{model},{seed},p{n},{20 + n + seed}" for model in "ab" for seed in range(5) for n in range(count))
        Path(name).write_text("\n".join(["model,seed,picture,psnr", *rows]) + "\n")
    Path("nets.py").write_text(NETS)
    report.append(Path("results.json"), made.facts())
    monkeypatch.delitem(sys.modules, "nets", raising=False)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_command(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (done,), (stopped,) = Path("runs").iterdir(), Path("stopped").iterdir()
    # A redirection of the output is left out.
    arguments = shlex.split(command.partition(" > ")[0])[1:]
    run = stopped if arguments[0] in ("resume", "pause", "stop") else done
    arguments = [re.sub(r"(^|=)runs/\d{8}-[\w-]+", rf"\g<1>{run}", argument) for argument in arguments]
    arguments = [str(run) if re.fullmatch(r"[0-9a-f]{8}", argument) else argument for argument in arguments]
    arguments = ["photo.png" if argument in ("photo.jpg", "mona-lisa") else argument for argument in arguments]
    arguments = ["photos" if argument == "kodak" else argument for argument in arguments]
    fast_forecasts(monkeypatch)
    if arguments[0] == "paint":
        arguments = shortened(arguments, SHORT)
        if "--film" not in command:
            # Films are tested elsewhere.
            arguments += ["--film.every", "never"]
        if "--warm-start" in arguments:
            arguments = shortened(arguments, ["--model.depth", "2", "--model.width", "6"])
    if arguments[0] == "sweep":
        if arguments[1] == "best":
            space = {"model.width": "4..9"}
            sf.sweep(space, "photo.png", trials=5, out="shapes", model={"depth": 1}, budget={"epochs": 1})
        else:
            arguments = shortened(arguments, ["--picture.max-side", "16", "--trials", "2", "--budget.epochs", "1"])
    if arguments[0] in ("compare", "ablate"):
        # Worker processes are tested elsewhere.
        monkeypatch.setattr(select, "local_name", lambda _: "threads")
    if arguments[0] == "compare":
        arguments = shortened(arguments, tuned(arguments) if "--tune" in arguments else COMPARED)
        monkeypatch.setattr(epoch_time, "ROUNDS", 1)
        monkeypatch.setattr(epoch_time, "SAMPLES", 256)
    if arguments[0] == "ablate":
        # This question sets the width itself.
        arguments = shortened(arguments, ABLATED[: -2 if "rprop-sigmoid" in arguments else None])
    if arguments[0] == "check":
        arguments = shortened(arguments, ["--picture.max-side", "32"])
    # The answer to the question whether to delete is no.
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    if arguments[0] == "speedrun":
        made.stand_in(folder / "photo.png", monkeypatch)
        arguments = shortened(arguments, ["--picture", "photo.png", "--threads", "1"])
    if arguments[0] == "studio":
        # The server would run until it is interrupted.
        monkeypatch.setattr("uvicorn.Server.run", lambda *_: None)
        monkeypatch.setattr("webbrowser.open", lambda _: True)
        arguments = [*arguments, "--port", "0"] if "--port" not in arguments else arguments
    # This command shows a recipe that cannot work.
    status = 1 if arguments[:2] == ["check", "rprop-sigmoid"] else 0
    assert main(arguments) == status, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_python(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, code in enumerate(blocks(page, "python")):
        short = re.sub(r'budget=\{"(seconds|epochs)": \d+\}', 'budget={"steps": 2}', code)
        script = folder / f"block_{number}.py"
        script.write_text(short.replace('"cat"', '{"source": "cat", "max_side": 16}'))
        runpy.run_path(str(script))
        assert capsys.readouterr().out


def test_no_command_is_skipped() -> None:
    lines = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    assert len(COMMANDS) == sum(bool(re.match(r"(\$ )?sfumato ", line)) for line in lines) >= 30


def test_the_reference_matches_the_code() -> None:
    reference = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["reference"]()
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == reference, "run scripts/reference"


def test_links_are_valid() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"
