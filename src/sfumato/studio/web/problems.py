"""What went wrong, as the page is told: one plain line, never a stack trace."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sfumato.errors import RunError, SfumatoError
from sfumato.recipe.fields import paths
from sfumato.runs.entry import printable

_STATUS = {404: "There is nothing at this address.", 405: "This address does not take that method."}

GONE = 499
"""The status of an answer that nobody reads."""


# Not an error of the program: an answer, whose JSON calls it by the same name.
class Problem(Exception):  # noqa: N818
    """An answer that is not what was asked for: the HTTP status, a line for people, the field that it is about."""

    def __init__(self, status: int, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.field = field


def answer(status: int, text: str, field: str | None = None) -> JSONResponse:
    """``{"problem": text, "field": field}``."""
    return JSONResponse({"problem": text, "field": field}, status, headers={"Cache-Control": "no-store"})


def of(error: SfumatoError) -> Problem:
    """An error of the package: 409 for one about a run as it is, else 422, with the field that it names."""
    text = str(error)
    return Problem(409 if isinstance(error, RunError) else 422, text, field_of(text))


def field_of(text: str) -> str | None:
    """The recipe's field that a line begins with, where it does."""
    first = re.match(r"[\w.]+", text)
    return first[0] if first and first[0] in paths() else None


async def _problem(request: Request, error: Exception) -> Response:
    found = of(error) if isinstance(error, SfumatoError) else error
    assert isinstance(found, Problem)
    # Where the runs lie is nothing that the page knows of.
    text = printable(str(found).replace(f"{request.app.state.studio.runs}/", ""))
    return answer(found.status, text, found.field)


async def _deep(_: Request, __: Exception) -> Response:
    return answer(409, "A file of this run is nested too deeply to be shown.")


async def _file(_: Request, error: Exception) -> Response:
    """Files of runs come and go, and disks fail: no mistake of ours."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return answer(404, "There is no such file any more.")
    assert isinstance(error, OSError)
    return answer(409, f"A file cannot be read or written: {(error.strerror or str(error)).lower()}.")


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    return answer(status, _STATUS.get(status, "The request cannot be answered."))


def unforeseen(where: str, error: Exception) -> Response:
    """A mistake of ours: told whole to whoever runs the server, and nothing of it to the page."""
    sys.stderr.write(f"sfumato studio: {where}\n")
    traceback.print_exception(error, file=sys.stderr)
    return answer(500, "The studio made a mistake; its terminal says which.")


HANDLERS: Mapping[Any, Any] = {
    Problem: _problem,
    SfumatoError: _problem,
    HTTPException: _http,
    RecursionError: _deep,
    OSError: _file,
}
"""For Starlette."""
