"""``python -m sfumato.studio.training.worker``: train one run after another, in a process that has loaded everything.

It takes requests as `studio.subprocess` sends them: it checks recipes, and starts or resumes runs. It replies as soon
as a run is under way, trains it to the end whatever becomes of its parent, and then sends a message that it is free. It
ends when its input ends.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sfumato import api, memory
from sfumato.errors import RecipeError, SfumatoError
from sfumato.interrupt import stop_on_signals
from sfumato.log import log_to
from sfumato.recipe import Recipe, changed
from sfumato.runs import load_run
from sfumato.studio import subprocess
from sfumato.training import Observer, Start, resolve

try:
    import resource
except ImportError:  # Windows
    resource = None

WARM_UP = {"budget": {"steps": 2}, "evaluation": {"interval": "end"}}


MAX_MEMORY = 1_500_000_000
"""Peak memory, in bytes, up to which the process takes another run: a large network's memory is not all given back."""


def main() -> None:
    """Serve requests until standard input ends."""
    answers = subprocess.claim_stdout()
    with log_to(_log):
        for line in sys.stdin:
            if not _serve(json.loads(line), answers):
                return


def _serve(order: dict[str, Any], answers: BinaryIO) -> bool:
    """Carry out a request, and return whether the process can take another one."""
    answered = False

    def answer(**values: Any) -> None:
        nonlocal answered
        answered = True
        subprocess.send_reply(answers, values)

    try:
        match order["do"]:
            case "load":
                _warm_up()
                answer(loaded=True)
            case "resolve":
                resolve(Recipe.of(order["recipe"]))
                answer(works=True)
            case "check":
                answer(**_check(order))
            case "resume":
                with stop_on_signals() as stop:
                    reporter = _StartReporter(lambda folder: answer(name=folder.name))
                    api.resume(order["folder"], stop=stop, observers=[reporter], live=False)
                return _finish_run(answers, ended=stop())
    except SfumatoError as error:
        if answered:
            # The run's folder records how it ended.
            _log(str(error))
            return _finish_run(answers)
        answer(problem=str(error), kind=type(error).__name__)
    return True


class _StartReporter(Observer[Any]):
    """Reports the run's folder when training starts."""

    def __init__(self, report: Callable[[Path], None]) -> None:
        self._report = report

    def begin(self, start: Start) -> None:
        """Report the folder."""
        assert start.folder is not None
        self._report(start.folder)

    def due(self, snapshot: Any) -> bool:
        """Return False: the studio reads the run's folder."""
        return False


def _finish_run(answers: BinaryIO, *, ended: bool = False) -> bool:
    """Send a message that the run is over, unless this process is to end, and return whether it can take another."""
    if ended or peak_memory() > MAX_MEMORY:
        return False
    subprocess.send_reply(answers, {"free": True})
    return True


def peak_memory() -> int:
    """Return the peak memory of this process in bytes; 0 if unknown."""
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _check(order: dict[str, Any]) -> dict[str, Any]:
    """Return ``{works, findings}`` of a health check with at most ``bytes`` of memory. Raise SfumatoError."""
    max_bytes = order.get("bytes")
    try:
        with memory.bounded(max_bytes):
            recipe, stored = Recipe.of(order["recipe"]), order.get("stored")
            if stored is None:
                found = api.check(recipe=recipe)
            else:
                # The run stored the values that it learned, while any picture that is passed counts as sRGB.
                as_stored = changed(recipe, {"picture": {"transfer": "srgb"}})
                found = api.check(load_run(stored).picture, recipe=as_stored)
    # PyTorch raises RuntimeError when memory runs out.
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        than = "is available" if max_bytes is None else memory.text(max_bytes)
        raise RecipeError(f"The check needs more memory than {than}, and was stopped.") from None
    return {"works": found.works, "findings": [{"level": each.severity, "text": str(each)} for each in found.findings]}


def _warm_up() -> None:
    """Load what a first step needs: libraries, and the compiled code of the default recipe."""
    picture = np.zeros((32, 32, 3), np.float32)
    for _ in api.train(picture, recipe=changed(Recipe(), WARM_UP)):  # pyright: ignore[reportArgumentType]
        pass


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
