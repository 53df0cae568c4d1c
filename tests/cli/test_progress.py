from __future__ import annotations

import io

from rich.console import Console

import sfumato as sf
from sfumato.cli.half_blocks import UPPER_HALF
from sfumato.cli.progress import PaintProgress
from tests.small import SMALL, picture


def shown(*, terminal: bool, painting: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, height=30, color_system="truecolor")
    with PaintProgress(sf.Budget(epochs=3), painting=painting, console=console) as progress:
        for snapshot in sf.train(picture=picture(), **SMALL):
            progress.training(snapshot)
        progress.stage("film", 1, 2)
        progress.stage("film", 2, 2)
    return out.getvalue()


def test_plain_lines_elsewhere() -> None:
    lines = shown(terminal=False, painting=True).splitlines()
    assert lines[-1] == "film 2/2"
    assert "100%  epoch 3.00" in "".join(lines)
    assert "\x1b" not in "".join(lines)
    assert UPPER_HALF not in "".join(lines)


def test_a_bar_on_a_terminal() -> None:
    text = shown(terminal=True, painting=False)
    assert "epoch 3.00" in text
    assert "left" in text
    assert UPPER_HALF not in text


def test_the_painting_above_the_bar() -> None:
    assert shown(terminal=True, painting=True).count(UPPER_HALF) > 400
