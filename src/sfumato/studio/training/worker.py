"""``python -m sfumato.studio.training.worker``: a process that has loaded everything, and trains one run after another.

Asked as `studio.child` has it, it checks recipes, and begins runs or goes on with them: it answers as soon as a run is
under way, trains it to the end whatever becomes of whoever asked, and then says that it is free. When nobody can ask
any more, it ends.
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

WARMING = {"budget": {"steps": 2}, "evaluation": {"interval": "end"}}


MOST_MEMORY = 1_500_000_000
"""Bytes that it may have held when it takes another run: what a large network took is not given back whole."""


def main() -> None:
    """Serve until nobody is there."""
    answers = subprocess.own_output()
    with log_to(_say):
        for line in sys.stdin:
            if not _serve(json.loads(line), answers):
                return


def _serve(order: dict[str, Any], answers: BinaryIO) -> bool:
    """Whether it is there for more."""
    answered = False

    def answer(**values: Any) -> None:
        nonlocal answered
        answered = True
        subprocess.answer(answers, values)

    try:
        match order["do"]:
            case "load":
                _warm()
                answer(loaded=True)
            case "resolve":
                resolve(Recipe.of(order["recipe"]))
                answer(works=True)
            case "check":
                answer(**_checked(order))
            case "resume":
                with stop_on_signals() as stop:
                    began = _Began(lambda folder: answer(name=folder.name))
                    api.resume(order["folder"], stop=stop, observers=[began], live=False)
                return _over(answers, ended=stop())
    except SfumatoError as error:
        if answered:
            # The run is there, and says for itself how it ended.
            _say(str(error))
            return _over(answers)
        answer(problem=str(error), kind=type(error).__name__)
    return True


class _Began(Observer[Any]):
    """Tells once that the run is there."""

    def __init__(self, tell: Callable[[Path], None]) -> None:
        self._tell = tell

    def begin(self, start: Start) -> None:
        """Tell."""
        assert start.folder is not None
        self._tell(start.folder)

    def due(self, snapshot: Any) -> bool:
        """Never: the studio reads the folder."""
        return False


def _over(answers: BinaryIO, *, ended: bool = False) -> bool:
    """Say that the run is over, unless this process is to end: whether it is there for more."""
    if ended or peak_memory() > MOST_MEMORY:
        return False
    subprocess.answer(answers, {"free": True})
    return True


def peak_memory() -> int:
    """Bytes that this process has held at most; 0 where that is not known."""
    if resource is None:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _checked(order: dict[str, Any]) -> dict[str, Any]:
    """``{works, findings}``; what needs more than ``bytes`` of memory fails. Raises SfumatoError."""
    most = order.get("bytes")
    try:
        with memory.bounded(most):
            recipe, stored = Recipe.of(order["recipe"]), order.get("stored")
            if stored is None:
                found = api.check(recipe=recipe)
            else:
                # The run stored it in the light that it learned, while any picture that is given counts as sRGB.
                as_stored = changed(recipe, {"picture": {"transfer": "srgb"}})
                found = api.check(load_run(stored).picture, recipe=as_stored)
    # As PyTorch says that there is no memory.
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        than = "there is" if most is None else memory.text(most)
        raise RecipeError(f"The check needs more memory than {than}, and was ended.") from None
    return {"works": found.works, "findings": [{"level": each.severity, "text": str(each)} for each in found.findings]}


def _warm() -> None:
    """Load what training a first step loads: libraries, and the compiled code of the default recipe."""
    picture = np.zeros((32, 32, 3), np.float32)
    for _ in api.train(picture, recipe=changed(Recipe(), WARMING)):  # pyright: ignore[reportArgumentType]
        pass


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
