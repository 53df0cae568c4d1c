"""``sfumato compare`` with arguments of the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sfumato.cli.main import main

SMALL = ["--model.width", "8", "--model.depth", "2", "--budget.epochs", "2", "--training.batch", "16"]


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    found = main(["compare", *arguments])
    captured = capsys.readouterr()
    assert found == status, captured.err
    return captured.out if status == 0 else captured.err


@pytest.mark.slow
def test_deep_vs_shallow_ends_in_unwrapped_lines(
    tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    flags = ["--picture", tile, "--parameters", "4000", "--budget.epochs", "2", "--training.batch", "16"]
    command = ["deep-vs-shallow", *flags, "--tune", "false", "--out"]
    first = printed(capsys, *command, str(tmp_path / "one"))
    verdicts = [line for line in first.splitlines() if "paired seeds" in line]
    assert len(verdicts) == 5
    for line, depth in zip(verdicts, (2, 3, 4, 6, 8), strict=True):
        assert f"{depth} hidden layers" in line
        assert re.search(
            r"dB, 95% CI \[-?\d+\.\d\d, -?\d+\.\d\d\] \([\d,]+ parameters each, 5 paired seeds, 2 epochs", line
        )
    # Another folder gets the same numbers; in the same folder no trial is trained again.
    again = printed(capsys, *command, str(tmp_path / "two"))
    assert [line for line in again.splitlines() if "paired seeds" in line] == verdicts
    rows = (tmp_path / "one" / "trials.jsonl").read_text()
    assert printed(capsys, *command, str(tmp_path / "one")) == first
    assert (tmp_path / "one" / "trials.jsonl").read_text() == rows


@pytest.mark.slow
def test_a_folder_of_pictures_ends_in_a_verdict_about_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(6):
        Image.new("RGB", (9, 8), (40 * number, 250 - 40 * number, 60)).save(tmp_path / "photos" / f"{number}.png")
    command = ["--axis", "model.width=4,9", "--pictures", str(tmp_path / "photos"), *SMALL[2:], "--seeds", "2"]
    found = printed(capsys, *command, "--tune", "false", "--out", str(tmp_path / "e"))
    (verdict,) = (line for line in found.splitlines() if "paired seeds" in line)
    assert re.search(
        r"between 9 and 4: .* CI \[.*\] \(.*, 6 pictures x 2 paired seeds, seed share|"
        r"on pictures like these by .* CI \[.*6 pictures x 2 paired seeds, seed share",
        verdict,
    )
    assert "standard deviation over the trainings on all pictures" in found
    page = (tmp_path / "e" / "report.html").read_text()
    assert f"--pictures {tmp_path / 'photos'}" in page


@pytest.mark.slow
def test_json_is_the_only_output(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--picture", tile, *SMALL[2:], "--seeds", "5", "--tune", "false", "--out", str(tmp_path / "e"), "--json"]
    found = json.loads(printed(capsys, "--axis", "model.width=4,9", *flags))
    assert [arm["name"] for arm in found["arms"]] == ["4", "9"]
    assert found["arms"][0]["finished"] == len(found["seeds"]) == 5
    (comparison,) = found["comparisons"]
    assert comparison["low"] < comparison["mean"] < comparison["high"]
    assert comparison["mean"] == pytest.approx(found["arms"][1]["score"] - found["arms"][0]["score"])
    assert "5 paired seeds" in comparison["sentence"]
    assert Path(found["report"]).is_file()
    assert "--json is not for mnist-claim" in printed(capsys, "mnist-claim", "--json", status=2)


@pytest.mark.slow
def test_an_axis_and_arms(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["--picture", tile, *SMALL, "--seeds", "2", "--tune", "false"]
    axis = printed(capsys, "--axis", "model.activation=relu,sine(30)", *base, "--out", str(tmp_path / "axis"))
    assert "no verdict on sine(30) against relu" in axis
    arms = ["--arm", "relu=model.activation=relu", "--arm", "sine=model.activation=sine(30);model.init=siren"]
    custom = printed(capsys, *arms, *base, "--out", str(tmp_path / "arms"))
    assert "no verdict on sine against relu" in custom
    # Flags of budget and picture change an arm's whole recipe, too.
    whole = ["--arm", "new=fast", "--arm", "old=blog-2012"]
    assert "no verdict on old against new" in printed(capsys, *whole, *base, "--out", str(tmp_path / "whole"))


@pytest.mark.slow
def test_the_first_line_is_the_forecast(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "compare",
        "--axis",
        "model.width=8,9,10",
        "--picture",
        tile,
        *SMALL[2:],
        "--seeds",
        "2",
        "--tune",
        "false",
    ]
    command += ["--out", str(tmp_path / "e")]
    assert main(command) == 0
    line = capsys.readouterr().err.splitlines()[0]
    assert re.fullmatch(r"3 arms, 2 seeds, 2 epochs, 10 x 12 pixels: 6 trials, about [\d.]+ s", line)
    assert main(command) == 0
    assert "10 x 12 pixels: 0 trials (6 already done)\n" in capsys.readouterr().err


@pytest.mark.slow
def test_several_axes_are_a_grid(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    axes = ["--axis", "model.width=3,4", "--axis", "model.activation=relu,sine(30)"]
    base = ["--picture", tile, *SMALL[2:], "--seeds", "1", "--tune", "false"]
    printed(capsys, *axes, *base, "--out", str(tmp_path / "e"))
    plan = json.loads((tmp_path / "e" / "plan.json").read_text(encoding="utf-8"))
    assert plan["defaults"]["training.batch"] == 16
    assert plan["defaults"]["training.optimizer"].startswith("adam(lr=0.003")
    names = [arm["name"] for arm in plan["arms"]]
    assert names == [f"width={width}, activation={each}" for width in (3, 4) for each in ("relu", "sine(30)")]


@pytest.mark.slow
def test_help_says_which_recipe_arms_start_from(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    start = "picture.max_side=160, training.batch=256, training.optimizer=adam(lr=0.003), budget.epochs=20"
    assert f"Arms start from paint's default recipe with {start}; with --preset fast, from that preset." in words


@pytest.mark.slow
def test_names_are_printed_without_markup(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arms = ["--arm", "a[/b]=model.width=3", "--arm", "[red]c\x1b[31m=model.width=4"]
    out = printed(
        capsys, *arms, "--picture", tile, *SMALL[2:], "--seeds", "1", "--tune", "false", "--out", str(tmp_path / "e")
    )
    table = [line.split()[0] for line in out.splitlines() if "[" in line][:2]
    assert table == ["a[/b]", "[red]c"]
    assert "\x1b" not in out


@pytest.mark.slow
def test_recipe_of_a_run_requires_its_picture(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint", tile, *SMALL, "--film.every", "never", "--runs", str(tmp_path / "runs")]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    Image.new("RGB", (10, 12), "red").save(tile)
    message = f"{tile} must hold the picture that {run} learned. Got another: the file has changed."
    axis = ["--axis", "model.activation=relu,sine(30)", "--seeds", "1", "--tune", "false"]
    commands = (["compare", *axis], ["ablate", "--undo", "model.width=4"], ["paint"], ["check"])
    for command in commands:
        assert main([*command, "--recipe", str(run)]) == 2
        assert message in capsys.readouterr().err
    # A picture that a flag names is used as it is now.
    assert main(["compare", *axis, "--recipe", str(run), "--picture", tile, "--out", str(tmp_path / "e")]) == 0


@pytest.mark.slow
def test_compared_rates_are_not_tuned(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    axis = ["--axis", "training.optimizer=adam(lr=0.001),adam(lr=0.01)"]
    printed(capsys, *axis, "--picture", tile, *SMALL, "--seeds", "2", "--out", str(tmp_path / "e"))
    assert '"tuning"' not in (tmp_path / "e" / "trials.jsonl").read_text()


@pytest.mark.slow
def test_a_message_says_that_compared_rates_are_not_tuned(
    tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = ["--arm", "a=training.optimizer=adam(lr=0.001)", "--arm", "b[/x]=training.optimizer=adam(lr=0.01)"]
    assert main(["compare", *arms, "--picture", tile, *SMALL, "--seeds", "1", "--out", str(tmp_path / "e")]) == 0
    assert "learning rates are not tuned: a and b[/x] differ in nothing else" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "compare must be given exactly one of a question, --arm, or --axis"),
        (["six-hints"], "six-hints is a question of ablate: sfumato ablate six-hints."),
        (["deep-vs-shalow"], "did you mean 'deep-vs-shallow'?"),
        (["deep-vs-shallow", "--axis", "model.width=3,4"], "or --axis. Got none or several"),
        (["--axis", "model.wdth=3,4"], "the axis must be a field of the recipe"),
        (["--axis", "picture.max_side=30,40"], "not the picture or the seed"),
        (["--axis", "model.width=3"], "a comparison must have 2 to 256 arms. Got 1."),
        (["--axis", "model.width=3,3"], "every value of an axis must be given once. Got 3 twice"),
        (
            ["--axis", "model.width=3,4", "--axis", "model.width=5"],
            "every axis must have a different field. Got model.width twice",
        ),
        (
            ["--axis", f"model.width={','.join(map(str, range(1, 20)))}", "--axis", "seed=1,2"],
            "not the picture or the seed",
        ),
        (
            [
                "--axis",
                f"model.width={','.join(map(str, range(1, 41)))}",
                "--axis",
                "model.depth=1,2,3,4,5,6,7",
            ],
            "must have 2 to 256 arms. Got 280; make several of them, each with the same first arm",
        ),
        (
            ["--axis", "model.width=3,4", "--picture", "a.png", "--picture", "b.png"],
            "--picture takes one value. Got 'a.png'",
        ),
        (
            ["--axis", "model.width=3,4", "--picture", "a.png", "--picture.source", "b.png"],
            "a network trains on one picture. Got --picture 'a.png'",
        ),
        (["--axis", "model.width=3,4", "--seeds", "5", "--seeds=6"], "--seeds takes one value. Got '5' and '6'"),
        (["--arm", "a=seed=7", "--arm", "b=fast", "--seed", "3"], "arm a: sets seed=7. Got --seed 3 as well"),
        (["--axis", "model.width=3,4", "--model.width", "5"], "--model.width would have no effect: every arm sets"),
        (
            ["--arm", "a=budget.steps=3", "--arm", "b=budget.epochs=3", "--budget.seconds", "5"],
            "--budget.seconds would have no effect: every arm sets budget",
        ),
        (["deep-vs-shallow", "--model.depth", "5"], "--model.depth would have no effect: deep-vs-shallow sets"),
        (["--axis", "model.width=3,4", "--parameters", "50"], "--parameters is for questions"),
        (["deep-vs-shallow", "--tune", "false", "--tuning-seeds", "4"], "Got 4 with --tune false."),
        (["deep-vs-shallow", "--tuning-seeds", "1"], "tuning-seeds must be a whole number of 2 or more"),
        (["--arm", "a"], "--arm must be NAME=RECIPE. Got 'a'"),
        (["--arm"], "--arm needs a value after it"),
        (["--arm", "a=fast", "--arm", "a=fast"], "Got --arm a twice"),
        (["--arm", "a=model.width=3;depth", "--arm", "b=fast"], "arm a: must be field=value;field=value"),
        (["--arm", "a=model.wdth=3", "--arm", "b=fast"], "arm a: model.wdth is not a field of the recipe"),
        (["--arm", "a=fsat", "--arm", "b=fast"], "did you mean 'fast'?"),
        (["deep-vs-shallow", "--seeds", "0"], "seeds must be a whole number of 1 or more"),
        (["deep-vs-shallow", "--tune", "yes"], "tune must be true or false. Got 'yes'"),
        (
            ["deep-vs-shallow", "--equal", "luck"],
            "equal must be one of epochs, operations, seconds, samples. Got 'luck'",
        ),
        (["deep-vs-shallow", "--parameters", "9"], "parameters must be a number that"),
        (["deep-vs-shallow", "--picture", "nowhere.png"], "nowhere.png"),
        (["deep-vs-shallow", "--pictures", "nowhere"], "pictures must be a folder, a pattern"),
        (["deep-vs-shallow", "--pictures", "kodak", "--picture", "a.png"], "is a set of pictures. Got one picture as"),
        (
            ["deep-vs-shallow", "--pictures", "a.png", "b.png", "c.png"],
            "--pictures takes one folder, pattern or set. Got 'a.png' and 'b.png'; quote a pattern",
        ),
        (["--axis", "model.width=3,4", "--pictures=a.png", "b.JPG"], "Got 'a.png' and 'b.JPG'; quote a pattern"),
        (
            ["--axis", "model.width=3,4", "--equal", "samples", "--budget.seconds", "5", "--picture", "cat"],
            "arm 3: budget.seconds must be none where samples are equal. Got 5; give budget.epochs.",
        ),
        (["mnist-claim", "--pictures", "kodak"], "mnist-claim compares one picture with digits"),
        (["deep-vs-shallow", "--budget.psnr", "20", "--budget.epochs", "1"], "budget.psnr must be none"),
    ],
)
def test_wrong_input_gives_one_line_and_status_2(
    arguments: list[str], message: str, refused: Callable[..., str]
) -> None:
    assert message in refused("compare", *arguments)
