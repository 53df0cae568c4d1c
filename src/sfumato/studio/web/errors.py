"""Errors as the page receives them: one plain line, never a stack trace."""

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

UNEXPECTED = 500
"""Status of a response in place of one that a fault of the program has prevented."""
CLIENT_CLOSED = 499
"""Status of a response whose client has disconnected."""


# Not an error of the program but a response, in whose JSON the key has the same name.
class Problem(Exception):  # noqa: N818
    """An error response: the HTTP status, one line for people, and the field that it is about."""

    def __init__(self, status: int, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.field = field


def error_response(status: int, text: str, field: str | None = None) -> JSONResponse:
    """Return a JSON response ``{"problem": text, "field": field}``."""
    return JSONResponse({"problem": text, "field": field}, status, headers={"Cache-Control": "no-store"})


def from_error(error: SfumatoError) -> Problem:
    """Convert an error of the package: status 409 for one about a run, else 422, with the field that it names."""
    text = str(error)
    return Problem(409 if isinstance(error, RunError) else 422, text, field_of(text))


def field_of(text: str) -> str | None:
    """Return the recipe field that an error message starts with; None if it starts with none."""
    first = re.match(r"[\w.]+", text)
    return first[0] if first and first[0] in paths() else None


async def _problem(request: Request, error: Exception) -> Response:
    found = from_error(error) if isinstance(error, SfumatoError) else error
    assert isinstance(found, Problem)
    # Do not reveal the path of the runs folder.
    text = printable(str(found).replace(f"{request.app.state.studio.runs}/", ""))
    return error_response(found.status, text, found.field)


async def _deep(_: Request, __: Exception) -> Response:
    return error_response(409, "A file of this run is nested too deeply to be shown.")


async def _file(_: Request, error: Exception) -> Response:
    """Respond to an error of a file: runs may be deleted at any time, and disks may fail."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return error_response(404, "There is no such file any more.")
    assert isinstance(error, OSError)
    return error_response(409, f"A file cannot be read or written: {(error.strerror or str(error)).lower()}.")


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    return error_response(status, _STATUS.get(status, "The request cannot be answered."))


def unexpected(where: str, error: Exception) -> Response:
    """Print an unexpected error on the server's terminal, and return 500 without its details."""
    found = unexpected_problem(where, error)
    return error_response(found.status, str(found))


def unexpected_problem(where: str, error: Exception) -> Problem:
    """Print an unexpected error on the server's terminal, and return a line for the page without its details."""
    sys.stderr.write(f"sfumato studio: {where}\n")
    traceback.print_exception(error, file=sys.stderr)
    return Problem(UNEXPECTED, "The studio failed unexpectedly; see its terminal for the error.")


HANDLERS: Mapping[Any, Any] = {
    Problem: _problem,
    SfumatoError: _problem,
    HTTPException: _http,
    RecursionError: _deep,
    OSError: _file,
}
"""Exception handlers, for Starlette."""
