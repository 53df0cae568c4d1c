"""``sfumato``: a static table of commands. Only the chosen one is imported, so that --help answers at once."""

from __future__ import annotations

import difflib
import os
import sys
from importlib import import_module

from sfumato import __version__
from sfumato.errors import SfumatoError

COMMANDS = {
    "paint": "train a network to paint a picture; leaves a painting, a film and a curve",
    "resume": "go on with a run that was stopped or killed, to the bits it would have had",
    "pause": "ask a running training to wait until it is resumed or stopped",
    "stop": "ask a running training to end and write everything",
    "film": "make a run's film again, at any size, of its painting or its errors",
    "render": "paint a run's network at any size, crop or zoom; or show what its neurons do",
    "compare": "compare networks fairly on one picture, with an interval: deep against shallow, or arms of your own",
    "report": "write an experiment's report again: one page, and its trials as CSV and Parquet",
    "runs": "list runs: pictures, differences of their recipes, PSNR, seconds, state",
    "show": "show one run: recipe, result, findings, provenance, files",
    "recipe": "print a recipe: a preset, a file, a shared string or a run's",
    "describe": "draw the network of a recipe and tell its size and cost",
    "clean": "delete runs that went wrong, after asking",
}

HELP = f"""\
usage: sfumato COMMAND ...

Teach a deep network to paint a picture, and watch it learn.

commands:
{chr(10).join(f"  {name:<10} {text}" for name, text in COMMANDS.items())}

options:
  --help     show this, or with a command what that command takes
  --version  show the version

Start with:  sfumato paint
"""


def run() -> None:
    """The console script."""
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read the output, such as head, has seen enough. What is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit status: 0, 2 for bad input, 130 when interrupted."""
    try:
        return _dispatch(arguments)
    except SfumatoError as error:
        sys.stderr.write(f"sfumato: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("sfumato: interrupted.\n")
        return 130


def _dispatch(arguments: list[str]) -> int:
    name, *rest = arguments or ["--help"]
    if name in ("--help", "-h", "help"):
        sys.stdout.write(HELP)
        return 0
    if name in ("--version", "-V"):
        sys.stdout.write(f"sfumato {__version__}\n")
        return 0
    if name in COMMANDS:
        return import_module(f"sfumato.cli.{name}").command(rest)
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "see sfumato --help."
    raise SfumatoError(f"the command must be one of {', '.join(COMMANDS)}. Got {name!r}; {hint}")
