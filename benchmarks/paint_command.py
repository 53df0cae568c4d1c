"""The seconds of `sfumato paint`, from the shell to the finished film, and the part of them that is training.

    python benchmarks/paint_command.py ["1 epoch" "3 seconds"] [--rounds 5] [--against OTHER/sfumato] [--write]

A picture of 300 x 429 and the preset `fast`. With ``--against`` the command of another checkout alternates with this
one's. Each side runs once before, unmeasured, so that its kernels are compiled and its files are cached.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import hardware
import results_file
from alternation import alternate, quartiles, ratios, timed

from sfumato.runs import load_run

NAME = "paint_command"
BUDGETS = {"1 epoch": ("--budget.epochs", "1"), "3 seconds": ("--budget.seconds", "3")}


def paint(command: str, budget: tuple[str, str], size: str) -> tuple[float, float]:
    """Return the seconds of the whole command, and of its training."""
    with tempfile.TemporaryDirectory() as runs:
        line = [command, "paint", "cat", "--picture.size", size, *budget, "--runs", runs]
        whole = timed(lambda: subprocess.run(line, check=True, capture_output=True))
        (folder,) = Path(runs).iterdir()
        return whole, load_run(folder).facts["result"]["seconds"]


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("budgets", nargs="*", default=list(BUDGETS), metavar="BUDGET", help=", ".join(BUDGETS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="300x429")
    parser.add_argument("--against", metavar="COMMAND", help="of another checkout")
    parser.add_argument("--write", action="store_true", help=f"write these rows of {NAME}.json")
    arguments = parser.parse_args()
    commands = {"this": str(Path(sys.executable).with_name("sfumato"))}
    if arguments.against:
        commands["the other"] = arguments.against
    for name in arguments.budgets:
        rest: dict[str, list[float]] = {side: [] for side in commands}

        def turn(side: str, name: str = name, rest: dict[str, list[float]] = rest) -> float:
            whole, training = paint(commands[side], BUDGETS[name], arguments.size)
            rest[side].append(whole - training)
            return whole

        for side in commands:
            turn(side)
            rest[side].clear()
        seconds = alternate({side: (lambda _, side=side: turn(side)) for side in commands}, arguments.rounds)
        for side in commands:
            print(
                f"{name}, {side}: {quartiles(seconds[side]):.2f} s, of which not training "
                f"{quartiles(rest[side]):.2f} s, n = {len(seconds[side])}"
            )
        if arguments.against:
            print(f"{name}: this over the other {ratios(seconds['this'], seconds['the other']):.3f}")
        if arguments.write:
            row = {"seconds": quartiles(seconds["this"]).rounded(3), "not_training": quartiles(rest["this"]).rounded(3)}
            results_file.merge(NAME, {name: row | hardware.circumstances()})


if __name__ == "__main__":
    main()
