"""``python -m sfumato.studio.training.worker``: a process that has loaded everything, and waits for one run to train.

Asked as `studio.child` has it, it checks recipes as often as it is asked; with a run it lets go of whoever asked and
trains to the end, whatever becomes of them. When nobody can ask any more, it ends.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sfumato import api, memory
from sfumato.errors import RecipeError, SfumatoError
from sfumato.interrupt import asked_to_stop
from sfumato.notices import heard
from sfumato.recipe import Recipe, changed
from sfumato.runs import load_run, requests
from sfumato.studio import child

WARMING = {"budget": {"steps": 2}, "evaluation": {"every": "end"}}


def main() -> None:
    """Serve until a run is trained, or nobody is there."""
    answers = child.own_output()
    with heard(_say):
        for line in sys.stdin:
            if _serve(json.loads(line), answers):
                return


def _serve(order: dict[str, Any], answers: BinaryIO) -> bool:
    """Whether that was a run."""
    answered = False

    def answer(**values: Any) -> None:
        nonlocal answered
        answered = True
        child.answer(answers, values)

    def began(folder: Path) -> None:
        if order.get("paused"):
            requests.ask(folder, "pause")
        answer(name=folder.name)
        _let_go(answers)

    try:
        match order["do"]:
            case "load":
                _warm()
                answer(loaded=True)
            case "check":
                answer(**_checked(order))
            case "paint":
                recipe, stored = Recipe.of(order["recipe"]), order.get("stored")
                with asked_to_stop() as stop:
                    if stored is not None:
                        api.paint_stored(stored, recipe, runs=order["runs"], stop=stop, began=began, live=False)
                    else:
                        api.paint(recipe=recipe, runs=order["runs"], stop=stop, began=began, live=False)
            case "resume":
                with asked_to_stop() as stop:
                    api.resume(order["folder"], stop=stop, began=began, live=False)
    except SfumatoError as error:
        if answered:
            # The run is there, and says for itself how it ended.
            _say(str(error))
        else:
            answer(problem=str(error), kind=type(error).__name__)
            return False
    return order["do"] in ("paint", "resume")


def _checked(order: dict[str, Any]) -> dict[str, Any]:
    """``{works, findings}``; what needs more than ``bytes`` of memory fails. Raises SfumatoError."""
    most = order.get("bytes")
    try:
        with memory.bounded(most):
            picture = None if order.get("stored") is None else load_run(order.get("stored")).picture
            found = api.check(Recipe.of(order["recipe"]), picture)
    # As PyTorch says that there is no memory.
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        raise RecipeError(f"The check needs more than {memory.text(most or 0)} of memory, and was ended.") from None
    return {"works": found.works, "findings": [{"level": each.severity, "text": str(each)} for each in found.findings]}


def _warm() -> None:
    """Load what training a first step loads: libraries, and the compiled code of the default recipe."""
    picture = np.zeros((32, 32, 3), np.float32)
    for _ in api.train(changed(Recipe(), WARMING), picture):  # pyright: ignore[reportArgumentType]
        pass


def _let_go(answers: BinaryIO) -> None:
    """Of the pipes: whoever asked may end, and is not held up by this process."""
    answers.close()
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.close(nowhere)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
