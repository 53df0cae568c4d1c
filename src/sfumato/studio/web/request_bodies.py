"""Request bodies: read up to a limit, and validated."""

from __future__ import annotations

import asyncio
import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from sfumato.formatting import shortened
from sfumato.studio.web.errors import Problem

MAX_JSON = 64 * 1024
MAX_ARMS = 8
MAX_SECONDS = 20.0

T = TypeVar("T", bound=BaseModel)


class Body(BaseModel):
    """A request body that allows no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RecipeRequest(Body):
    """A recipe: a preset's name or a shared string, and changes to it."""

    preset: str = Field(default="fast", max_length=16384)
    changes: dict[str, str] = Field(default={}, max_length=200)


class NewRun(RecipeRequest):
    """The body of POST /api/runs."""

    picture: str | None = Field(default=None, max_length=4096)
    """The picture's source, in place of the recipe's."""


class Check(NewRun):
    """The body of POST /api/check."""

    pressed: bool = False
    """Whether a person has started the check, and not the page by itself."""


class Race(Body):
    """The body of POST /api/race."""

    arms: list[NewRun] = Field(min_length=2, max_length=MAX_ARMS)


class DeletePicture(Body):
    """The body of POST /api/pictures/delete."""

    source: str = Field(max_length=4096)


class DeleteRuns(Body):
    """The body of POST /api/runs/delete."""

    names: list[str] = Field(min_length=1, max_length=500)


async def read(request: Request, max_bytes: int) -> bytes:
    """Return the body. Raise Problem 413 as soon as it exceeds ``max_bytes`` bytes, and 408 if it takes too long."""
    data = bytearray()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            async for part in request.stream():
                data += part
                if len(data) > max_bytes:
                    raise Problem(413, f"The request's body must have at most {max_bytes:,} bytes.")
    except TimeoutError:
        raise Problem(408, f"The request's body took longer than {MAX_SECONDS:.0f} seconds.") from None
    except ClientDisconnect:
        raise Problem(400, "The request was interrupted.") from None
    return bytes(data)


async def parse(request: Request, model: type[T]) -> T:
    """Parse the body as JSON of a model. Raise Problem that names the first invalid field."""
    data = await read(request, MAX_JSON)
    try:
        # Python's json would accept NaN and lone surrogates, which cannot be encoded in a response.
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "json_invalid":
            raise Problem(400, f"The request's body must be JSON: {shortened(first['msg'])}.") from None
        raise Problem(422, f"{where or 'the request'}: {first['msg']}.") from None


def server_sent_event(event: str, data: object) -> bytes:
    """Encode one server-sent event."""
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
