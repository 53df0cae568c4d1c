"""Pictures that somebody drops onto the page: bounded, tried by the package's own loader, kept by their content."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request

from sfumato.images.structure import container
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

MOST_BYTES = 64_000_000
MOST_SECONDS = 60.0
"""Of decoding."""
MOST_SECONDS_OF_SENDING = 600.0

FOLDER = "pictures"
_ENDINGS = {"JPEG": "jpg", "AVIF": "avif"}
"""Where an ending is not the format's name."""


async def keep(request: Request, runs: Path, one_at_a_time: asyncio.Lock) -> dict[str, Any]:
    """``{source, width, height, channels}``, ``source`` as a recipe names it. Raises Problem; nothing is kept then."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > MOST_BYTES):
        raise _too_large()
    folder = names.own_folder(runs, FOLDER)
    partial = folder / f".{os.urandom(8).hex()}.partial"
    try:
        digest, start = await _received(request, partial)
        kind = container(start)
        name = _name(request.headers.get("x-name", ""))
        async with one_at_a_time:
            found = await to_thread.run_sync(_tried, partial, name)
        if kind is None:
            raise Problem(422, "This is no picture that can be read.", "picture.source")
        own = names.own_folder(runs, FOLDER, digest[:16])
        kept = own / f"{_slug(name)}.{_ENDINGS.get(kind, kind.lower())}"
        partial.replace(kept)
    except OSError as error:
        raise Problem(507, f"The picture cannot be kept: {(error.strerror or str(error)).lower()}.") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return {"source": str(kept), **found}


async def _received(request: Request, path: Path) -> tuple[str, bytes]:
    """The SHA-256 of what comes, and its first bytes."""
    digest, size, start = hashlib.sha256(), 0, b""
    try:
        with path.open("xb") as file:
            async with asyncio.timeout(MOST_SECONDS_OF_SENDING):
                async for part in request.stream():
                    size += len(part)
                    if size > MOST_BYTES:
                        raise _too_large()
                    digest.update(part)
                    start = (start + part)[:64] if len(start) < 64 else start
                    file.write(part)
    except TimeoutError:
        limit = f"{MOST_SECONDS_OF_SENDING:.0f} seconds"
        raise Problem(408, f"The picture took longer than {limit} on its way.", "picture.source") from None
    except ClientDisconnect:
        raise Problem(400, "The picture was cut off on its way.", "picture.source") from None
    return digest.hexdigest(), start


def _tried(path: Path, name: str) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "sfumato.studio.form.decoding", str(path), name]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=MOST_SECONDS, check=False)
        found = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        raise Problem(422, "This picture could not be decoded.", "picture.source") from None
    if "problem" in found:
        raise Problem(422, found["problem"], "picture.source")
    return found


def _name(header: str) -> str:
    """The file's name on the other side, percent-encoded there: a header holds no other letters."""
    text = unquote(header[:2000], errors="replace").replace("\\", "/").rpartition("/")[2]
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200] or "picture"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:40].rstrip("-") or "picture"


def _too_large() -> Problem:
    return Problem(413, f"A picture must have at most {MOST_BYTES:,} bytes.", "picture.source")
