"""``sfumato sweep`` with arguments of the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato.cli.main import main

SMALL = ["--model.width", "8", "--model.depth", "1", "--budget.epochs", "2", "--training.batch", "16"]


@pytest.mark.slow
def test_a_sweep_its_best_and_their_verdict(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "s")
    command = [
        "sweep",
        "--space",
        "model.width=4..4000:log",
        "--picture",
        tile,
        *SMALL[2:],
        "--trials",
        "4",
        "--out",
        out,
    ]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "the 4 best of 4 configurations (0 pruned, 0 failed or diverged)" in printed
    assert f"sfumato sweep best {out} --top 3 --verdict" in printed
    # The same command trains nothing again.
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["configurations"] == 4
    assert found["best"][0]["psnr"] >= found["best"][1]["psnr"]
    assert main(["sweep", "best", out, "--top", "2"]) == 0
    assert "the 2 best of 4" in capsys.readouterr().out
    verdict = ["sweep", "best", out, "--top", "2", "--verdict", "--seeds", "5", "--out", str(tmp_path / "v")]
    assert main(verdict) == 0
    assert "5 paired seeds" in capsys.readouterr().out


@pytest.mark.slow
def test_a_file_with_a_space(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "space.toml").write_text('[space]\n"model.width" = [4, 9]\n')
    flags = ["--picture", tile, *SMALL[2:], "--sampler", "grid", "--objective", "psnr,parameters"]
    assert main(["sweep", str(tmp_path / "space.toml"), *flags, "--out", str(tmp_path / "s")]) == 0
    assert "not beaten in all objectives of 2 configurations" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "must be given either a file with a space or --space"),
        (["--space", "model.width"], "--space must be FIELD=VALUES"),
        (["--space", "model.width=4..9", "--space", "model.width=5..9"], "each field once. Got model.width twice"),
        (["--space", "model.width=4..9", "--trials", "0"], "trials must be a whole number of 1 or more"),
        (["--space", "model.width=4..9", "--sampler", "luck"], "sampler must be one of"),
        (["absent.toml"], "absent.toml must be a TOML file with a table [space]: no such file"),
        (["best"], "must be given the folder of a sweep"),
        (["best", "absent"], "absent must be the folder of a sweep"),
    ],
)
def test_wrong_input_gives_one_line_and_status_2(
    arguments: list[str], message: str, refused: Callable[..., str]
) -> None:
    assert message in refused("sweep", *arguments)


def test_the_help_promises_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["sweep", "--help"])
    words = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "all configurations train on each of these" in words
    assert "a verdict about" not in words
