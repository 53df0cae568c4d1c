from __future__ import annotations

import dataclasses
import io

from rich.console import Console

import sfumato as sf
from sfumato.cli.progress import UPPER_HALF, PaintProgress
from tests.small import SMALL, picture


def progress_output(*, terminal: bool, painting: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, height=30, color_system="truecolor")
    with PaintProgress(sf.Budget(epochs=3), painting=painting, console=console) as progress:
        for snapshot in sf.train(picture=picture(), **SMALL):
            progress.observe(snapshot)
        progress.stage("film", 1, 2)
        progress.stage("film", 2, 2)
    return out.getvalue()


def test_plain_lines_without_a_terminal() -> None:
    lines = progress_output(terminal=False, painting=True).splitlines()
    assert lines[-1] == "film 2/2"
    assert "100%  epoch 3.00" in "".join(lines)
    assert "\x1b" not in "".join(lines)
    assert UPPER_HALF not in "".join(lines)


def test_a_bar_on_a_terminal() -> None:
    text = progress_output(terminal=True, painting=False)
    assert "epoch 3.00" in text
    assert "left" in text
    assert UPPER_HALF not in text


def test_the_painting_above_the_bar() -> None:
    assert progress_output(terminal=True, painting=True).count(UPPER_HALF) > 400


def test_no_time_left_is_estimated_from_the_first_steps() -> None:
    out = io.StringIO()
    snapshot = next(iter(sf.train(picture=picture(), **SMALL)))
    with PaintProgress(sf.Budget(epochs=3), console=Console(file=out, width=100)) as progress:
        progress.observe(dataclasses.replace(snapshot, loss=0.1, seconds=0.01, samples=1, progress=1e-6))
        assert out.getvalue() == ""
        progress.observe(
            dataclasses.replace(snapshot, loss=0.1, seconds=1.0, samples=25_000, epoch=0.1, progress=0.025)
        )
    assert "0:39 left" in out.getvalue()


def test_a_long_evaluation_is_shown_during_training_and_again() -> None:
    out = io.StringIO()
    with PaintProgress(sf.Budget(epochs=3), console=Console(file=out, force_terminal=True, width=100)) as progress:
        for _ in range(2):
            progress.stage("evaluation", 0, 4)
            progress.stage("evaluation", 4, 4)
    last = out.getvalue().rsplit("training", 1)[1]
    # There is one bar, and the bar of the training is not at its end yet.
    assert last.count("4/4") == 1
