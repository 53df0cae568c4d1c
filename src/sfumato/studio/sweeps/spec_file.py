"""What a sweep's page needs of sweep.json, in bounded time: nothing is imported, and no address in it is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sfumato.runs.entry import printable
from sfumato.runs.files import read_bytes
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

SPEC, DATABASE, PAINTINGS = "sweep.json", "sweep.db", "paintings"
"""File names of the lab, repeated here because importing the lab would be slow."""
LAYOUT = 1
BETTER = {"psnr": "maximize", "ssim": "maximize", "parameters": "minimize", "gflop": "minimize", "seconds": "minimize"}
"""Objectives of the lab, and the direction of the better."""
WORST = {"maximize": 0.0, "minimize": 1e300}
"""What Optuna is told in place of a result that is unknown, or of a configuration that did not finish."""

MAX_BYTES = 1_000_000
"""Bytes of sweep.json, which has some thousands."""

Text = Annotated[str, Field(max_length=1000)]
Objective = Literal["psnr", "ssim", "parameters", "gflop", "seconds"]


class _Picture(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    source: Annotated[str, Field(max_length=4000)]


class SpecFile(BaseModel):
    """The fields of sweep.json that the page shows."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    layout: Literal[1]
    space: dict[Text, Annotated[list[Text], Field(max_length=1000)]] = Field(max_length=200)
    pictures: list[_Picture] = Field(min_length=1, max_length=10_000)
    objectives: tuple[Objective, ...] = Field(min_length=1, max_length=len(BETTER))
    seeds: Annotated[int, Field(ge=1, le=1000)]
    sampler: Text
    pruner: Text
    equal: Text
    storage: Annotated[str, Field(max_length=10_000)] | None = None

    @property
    def picture(self) -> str:
        """The name of the picture, or the number of pictures."""
        return printable(self.pictures[0].source) if len(self.pictures) == 1 else f"{len(self.pictures)} pictures"


def read(folder: Path) -> SpecFile:
    """Return the spec of a sweep. Raise Problem, in one line, for a file that no sweep has written."""
    path = run_paths.file(folder, SPEC)
    try:
        found: Any = json.loads(read_bytes(path, MAX_BYTES))
        return SpecFile.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(printable(str(part))[:40] for part in first["loc"][:3])
        raise _damaged(f"{where}: {first['msg'].lower()}") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise _damaged("it is not valid JSON" if isinstance(error, ValueError | RecursionError) else reason) from None


def _damaged(reason: str) -> Problem:
    return Problem(409, f"{SPEC} must be a sweep that Sfumato wrote: {reason}. Restore or remove it.")
