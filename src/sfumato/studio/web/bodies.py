"""What is sent to the studio: read as it comes, no more than it may be, and checked against what is asked for."""

from __future__ import annotations

import asyncio
import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from sfumato.formatting import shortened
from sfumato.studio.web.problems import Problem

MOST_JSON = 64 * 1024
MOST_ARMS = 8
MOST_SECONDS = 20.0

T = TypeVar("T", bound=BaseModel)


class Body(BaseModel):
    """Closed to unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Wanted(Body):
    """A recipe: a preset's name or a shared string, and what is changed in it."""

    preset: str = Field(default="fast", max_length=16384)
    changes: dict[str, str] = Field(default={}, max_length=200)


class NewRun(Wanted):
    """POST /api/runs."""

    picture: str | None = Field(default=None, max_length=4096)
    """In place of the recipe's."""


class Check(NewRun):
    """POST /api/check."""

    pressed: bool = False
    """Whether a person has asked for it, and not a page that only was opened."""


class Race(Body):
    """POST /api/race."""

    arms: list[NewRun] = Field(min_length=2, max_length=MOST_ARMS)


class Sent(Body):
    """POST /api/pictures/delete."""

    source: str = Field(max_length=4096)


class Names(Body):
    """POST /api/runs/delete."""

    names: list[str] = Field(min_length=1, max_length=500)


async def read(request: Request, most: int) -> bytes:
    """The body. Raises Problem 413 as soon as it is longer than ``most`` bytes, 408 when it takes too long."""
    data = bytearray()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for part in request.stream():
                data += part
                if len(data) > most:
                    raise Problem(413, f"What is sent must have at most {most:,} bytes.")
    except TimeoutError:
        raise Problem(408, f"What is sent took longer than {MOST_SECONDS:.0f} seconds.") from None
    except ClientDisconnect:
        raise Problem(400, "The request was cut off.") from None
    return bytes(data)


async def of(request: Request, kind: type[T]) -> T:
    """The body as JSON of that kind. Raises Problem, which names the first wrong field."""
    data = await read(request, MOST_JSON)
    try:
        # Python's own reader lets NaN and lone surrogates pass, which nothing could answer with.
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "json_invalid":
            raise Problem(400, f"What is sent must be JSON: {shortened(first['msg'])}.") from None
        raise Problem(422, f"{where or 'the request'}: {first['msg']}.") from None


def sent(event: str, data: object) -> bytes:
    """One event as it goes to the page."""
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
