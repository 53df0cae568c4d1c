"""In every command a flag with one value may be given once: otherwise one of two would be ignored silently."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sfumato.cli.main import COMMANDS

FLAGS = {
    "paint": ("--budget.epochs", "1", "2"),
    "check": ("--picture", "a.png", "b.png"),
    "studio": ("--port", "1", "2"),
    "film": ("--fps", "10", "20"),
    "render": ("--size", "10x10", "20x20"),
    "compare": ("--picture", "a.png", "b.png"),
    "ablate": ("--seeds", "5", "6"),
    "sweep": ("--trials", "5", "6"),
    "worker": ("--workers", "1", "2"),
    "verdict": ("--value", "a", "b"),
    "runs": ("--runs", "a", "b"),
    "speedrun": ("--track", "open", "closed"),
    "recipe": ("--preset", "fast", "blog-2012"),
    "describe": ("--model.width", "3", "4"),
    "clean": ("--runs", "a", "b"),
    "resume": ("--runs", "a", "b"),
    "pause": ("--runs", "a", "b"),
    "stop": ("--runs", "a", "b"),
    "show": ("--runs", "a", "b"),
}


@pytest.mark.parametrize("command", sorted(FLAGS))
@pytest.mark.parametrize("joined", [False, True])
def test_a_flag_given_twice_is_refused(command: str, joined: bool, refused: Callable[..., str]) -> None:
    flag, first, second = FLAGS[command]
    again = [f"{flag}={second}"] if joined else [flag, second]
    message = f"{flag} takes one value. Got {first!r} and {second!r}; give one."
    assert message in refused(command, flag, first, *again)


def test_every_command_with_flags_is_tested() -> None:
    assert set(COMMANDS) - set(FLAGS) == {"report"}
