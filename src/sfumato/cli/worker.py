"""The ``sfumato worker`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags
from sfumato.errors import SfumatoError

DOC = """Train trials that other machines put into a shared folder, until it is stopped.

Start it on every machine, by hand or by a scheduler such as SLURM; the experiment or the sweep runs on one of them with
--executor folder:DIR. Start and stop workers at any time: a trial whose worker dies is trained by another one. All
machines need the same versions of Sfumato and PyTorch.

Examples:  sfumato worker /shared/trials
           sfumato worker /shared/trials --workers 8 --idle 600
           sbatch --array=1-100 --ntasks=1 --wrap "sfumato worker /shared/trials --workers 1 --idle 600"
           sfumato compare deep-vs-shallow --executor folder:/shared/trials
"""


def command(arguments: Sequence[str]) -> int:
    """Work, and return the exit status: 0, also after an interruption."""
    allowed, rest = flags.pop_repeated(arguments, "--allow")
    parsed = flags.read(
        "worker",
        DOC,
        rest,
        flags.positional("folder", "", "DIR", "folder that the machines share"),
        flags.field("workers", "0", "INT", "trials trained in parallel, one thread each; 0: one per core"),
        flags.field("idle", flags.NONE, "SECONDS", "end after so many seconds without anything to train"),
        flags.field("allow", flags.NONE, "MODULE:CLASS", "a network of your own that may be imported; may be repeated"),
    )
    if not parsed.folder:
        raise SfumatoError("worker must be given the folder that the machines share: sfumato worker DIR. Got none.")
    workers = flags.number("workers", parsed.workers, 0, int)
    idle = None if isinstance(parsed.idle, flags.Default) else flags.number("idle", parsed.idle, 0, float)
    from sfumato import trust
    from sfumato.cores import available_cores
    from sfumato.formatting import pluralize
    from sfumato.interrupt import stop_on_signals
    from sfumato.lab.executors.folder.exchange import Exchange
    from sfumato.lab.executors.folder.worker import work

    trust.allow_typed(allowed)
    Exchange(Path(parsed.folder)).check()
    workers = workers or available_cores()

    def say(text: str) -> None:
        sys.stderr.write(f"sfumato: {text}\n")

    say(f"{pluralize(workers, 'trial')} of {parsed.folder} at a time; Ctrl-C stops.")
    with stop_on_signals() as stop:
        ended = work(Path(parsed.folder), workers, idle=idle, stop=stop, say=say)
    sys.stdout.write(f"{pluralize(ended, 'trial')} ended\n")
    return 0
