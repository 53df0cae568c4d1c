"""The program ``sfumato``: a static table of commands. Only the chosen one is imported, so that help is fast."""

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

OBJECTS_PER_COLLECTION = 50_000
"""New objects after which Python collects garbage. Imports alone reach its default of 700 thousands of times."""

WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

COMMANDS = {
    "paint": "train a network to paint a picture; writes the painting, a film, and a curve",
    "check": "train a recipe for about a second and predict whether it will learn, and what to change",
    "studio": "train in a browser: start runs, watch them live, compare them, inspect their networks",
    "resume": "continue a run that was stopped or killed, with bit-identical results",
    "pause": "pause a running training until it is resumed or stopped",
    "stop": "end a running training at its next step and write its results",
    "film": "make a run's film again: at any size, of its paintings or its errors",
    "render": "paint a run's network at any size, crop, or zoom; or the outputs of its units",
    "compare": "compare networks on pictures, with confidence intervals: deep against shallow, or custom arms",
    "sweep": "search a space of recipes, and list or compare the best",
    "worker": "train trials that other machines put into a shared folder",
    "ablate": "undo one setting at a time and estimate its effect: the six hints of 2012, or any fields",
    "verdict": "give the verdict on a table of results of any program, with confidence intervals",
    "report": "write an experiment's report again: one page, and its trials as CSV and Parquet",
    "runs": "list runs: picture, differences from the default recipe, PSNR, seconds, state",
    "show": "show one run: recipe, result, findings, provenance, files",
    "speedrun": "measure how fast the network of 2012 reaches its PSNR of then, or any network's PSNR after 10 s",
    "recipe": "print a recipe: that of a preset, a file, a shared string, or a run",
    "describe": "draw the network of a recipe and print its size and cost",
    "clean": "delete failed and interrupted runs, after asking",
}

HELP = f"""\
usage: sfumato COMMAND ...

Train a deep network to paint a picture, and watch it learn.

commands:
{chr(10).join(f"  {name:<10} {text}" for name, text in COMMANDS.items())}

options:
  --help     show this help, or with a command the help of that command
  --version  show the version

Start with:  sfumato paint
"""


def run() -> None:
    """Run the console script and exit."""
    # Imported modules are not garbage, and there are many objects in them: collections while they are loaded take
    # 0.2 s, and the one at exit takes 0.2 s more.
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    standard_streams.prepare()
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the output, such as head, has ended, or the terminal is closed.
        _discard_stdout()
        status = 0
    gc.freeze()
    sys.exit(status)


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status, 2 for bad input, or 130 after an interruption."""
    try:
        status = _dispatch(arguments)
        # Flushed here, where an error can still be reported: Python would flush at exit.
        sys.stdout.flush()
        return status
    except OSError as error:
        if error.errno not in WRITE_ERRORS:
            raise
        target = error.filename or "a file"
        if error.filename is None and _stdout_fails():
            if error.errno == errno.EIO and _stdout_is_device():
                # The terminal is closed: nothing reads the output, as after the end of a pipe.
                raise BrokenPipeError from None
            target = "to the standard output"
            _discard_stdout()
        reason = os.strerror(error.errno).lower()
        sys.stderr.write(f"sfumato: cannot write {target}: {reason}. Make room there.\n")
        return 2
    except SfumatoError as error:
        sys.stderr.write(f"sfumato: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("sfumato: interrupted.\n")
        return 130


def _stdout_fails() -> bool:
    try:
        sys.stdout.write("")
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _stdout_is_device() -> bool:
    # A closed terminal is not reported as a terminal any more, but it still is a character device.
    with suppress(OSError, ValueError):
        return stat.S_ISCHR(os.fstat(sys.stdout.fileno()).st_mode)
    return False


def _discard_stdout() -> None:
    # Python must not try to write the rest of the buffer at exit.
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
