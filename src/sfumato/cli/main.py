"""``sfumato``: a static table of commands. Only the chosen one is imported, so that --help answers at once."""

from __future__ import annotations

import difflib
import errno
import gc
import os
import stat
import sys
from contextlib import suppress
from importlib import import_module

from sfumato import __version__
from sfumato.cli import standard_streams
from sfumato.errors import SfumatoError

OBJECTS_A_COLLECTION = 50_000
"""New objects after which Python looks for garbage: its own 700 are reached thousands of times by imports alone."""

OUT_OF_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

COMMANDS = {
    "paint": "train a network to paint a picture; leaves a painting, a film and a curve",
    "check": "try a recipe for a moment and say whether it will learn, and what to change",
    "studio": "watch networks learn in a browser: start runs, see them live, compare, look inside",
    "resume": "go on with a run that was stopped or killed, to the bits it would have had",
    "pause": "ask a running training to wait until it is resumed or stopped",
    "stop": "ask a running training to end and write everything",
    "film": "make a run's film again, at any size, of its painting or its errors",
    "render": "paint a run's network at any size, crop or zoom; or show what its neurons do",
    "compare": "compare networks fairly on one picture, with an interval: deep against shallow, or arms of your own",
    "ablate": "undo one setting at a time and say which matter: the six hints of 2012, or a recipe's fields",
    "report": "write an experiment's report again: one page, and its trials as CSV and Parquet",
    "runs": "list runs: pictures, differences of their recipes, PSNR, seconds, state",
    "show": "show one run: recipe, result, findings, provenance, files",
    "speedrun": "how soon the network of 2012 paints the Mona Lisa as well as it did then; or how well any in 10 s",
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
    # What is imported is no garbage, and there is much of it: looking through it again and again as it grows takes a
    # fifth of a second, and once more at the end another.
    gc.set_threshold(OBJECTS_A_COLLECTION)
    standard_streams.prepare()
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read the output, such as head, has seen enough; or the terminal is gone.
        _write_nowhere()
        status = 0
    gc.freeze()
    sys.exit(status)


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit status: 0, 2 for bad input, 130 when interrupted."""
    try:
        status = _dispatch(arguments)
        # Here, where it can still be told: Python itself flushes when all is over.
        sys.stdout.flush()
        return status
    except OSError as error:
        if error.errno not in OUT_OF_ROOM:
            raise
        where = error.filename or "a file"
        if error.filename is None and _output_fails():
            if error.errno == errno.EIO and _was_a_terminal():
                # It is closed: nobody reads, as at the end of a pipe.
                raise BrokenPipeError from None
            where = "to the standard output"
            _write_nowhere()
        reason = os.strerror(error.errno).lower()
        sys.stderr.write(f"sfumato: cannot write {where}: {reason}. Make room where it goes.\n")
        return 2
    except SfumatoError as error:
        sys.stderr.write(f"sfumato: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("sfumato: interrupted.\n")
        return 130


def _output_fails() -> bool:
    try:
        sys.stdout.write("")
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _was_a_terminal() -> bool:
    # One that is gone says of itself that it is none; it still is a device.
    with suppress(OSError, ValueError):
        return stat.S_ISCHR(os.fstat(sys.stdout.fileno()).st_mode)
    return False


def _write_nowhere() -> None:
    # What is still buffered must not be tried again at exit.
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


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
