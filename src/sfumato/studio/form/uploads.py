"""Pictures that somebody drops onto the page: bounded, tried by the package's own loader, kept by their content."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request

from sfumato import memory
from sfumato.images import structure
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

MOST_BYTES = 64_000_000
MOST_SECONDS = 60.0
"""Of decoding."""
MOST_SECONDS_OF_SENDING = 600.0

MOST_KEPT = 1_000_000_000
"""Bytes of all pictures together."""
MOST_PICTURES = 1000
MOST_ON_THEIR_WAY = 4
"""At once: each may be as large as one may be."""

FOLDER = "pictures"
_PARTIAL = ".partial"


class Uploads:
    """The pictures of one studio."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._on_their_way = 0
        self.one_at_a_time = asyncio.Lock()
        """Decoding may take a GiB."""
        self._decoding: subprocess.Popen[bytes] | None = None
        self._has_ended = False

    async def keep(self, request: Request) -> dict[str, Any]:
        """``{source, width, height, channels}``, ``source`` as a recipe names it. Raises Problem; nothing is kept then.

        The same bytes are kept once, by whatever name they come again.
        """
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > MOST_BYTES):
            raise _too_large()
        if self._on_their_way >= MOST_ON_THEIR_WAY:
            raise Problem(503, "Several pictures are on their way already. Send this one when they are there.")
        # Before anything is waited for: of many that come at once all would find room.
        self._on_their_way += 1
        try:
            return await self._kept(request, int(declared) if declared.isdecimal() else 0)
        finally:
            self._on_their_way -= 1

    async def _kept(self, request: Request, declared: int) -> dict[str, Any]:
        folder = names.own_folder(self._runs, FOLDER)
        await to_thread.run_sync(sweep, self._runs)
        await to_thread.run_sync(_check_quota, self._runs, declared)
        partial = folder / f".{os.urandom(8).hex()}{_PARTIAL}"
        try:
            digest, start = await _received(request, partial)
            name = _name(request.headers.get("x-name", ""))
            async with self.one_at_a_time:
                found = await to_thread.run_sync(_tried, partial, name, self._begun)
                if (ending := structure.ending(start)) is None:
                    raise Problem(422, "This is no picture that can be read.", "picture.source")
                await to_thread.run_sync(_check_quota, self._runs, partial.stat().st_size)
                own = names.own_folder(self._runs, FOLDER, digest[:16])
                kept = next(_files(own), own / f"{_slug(name)}.{ending}")
                partial.replace(kept)
        except OSError as error:
            raise Problem(507, f"The picture cannot be kept: {(error.strerror or str(error)).lower()}.") from None
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return {"source": str(kept), **found}

    def end(self) -> None:
        """Decode no more; who waits for that hears of it."""
        self._has_ended = True
        if self._decoding is not None:
            self._decoding.kill()

    def _begun(self, process: subprocess.Popen[bytes]) -> None:
        self._decoding = process
        if self._has_ended:
            process.kill()

    def listed(self) -> dict[str, Any]:
        """``{pictures: [{source, name, bytes}], bytes, most_bytes}``, the latest first."""
        found: list[tuple[float, dict[str, Any]]] = []
        for path in kept(self._runs):
            with suppress(OSError):
                about = path.stat()
                found.append((about.st_mtime, {"source": str(path), "name": path.name, "bytes": about.st_size}))
        pictures = [each for _, each in sorted(found, key=lambda one: -one[0])]
        return {"pictures": pictures, "bytes": sum(each["bytes"] for each in pictures), "most_bytes": MOST_KEPT}

    def delete(self, source: str) -> None:
        """Delete a picture that was sent here; runs that learned it have their own copy. Raises Problem."""
        path = Path(source)
        if path not in kept(self._runs):
            raise Problem(404, "There is no such picture here.")
        try:
            path.unlink()
            with suppress(OSError):
                path.parent.rmdir()
        except OSError as error:
            raise Problem(507, f"The picture cannot be deleted: {(error.strerror or str(error)).lower()}.") from None


def kept(runs: Path) -> list[Path]:
    """All pictures that were sent here, reached by no link."""
    root = runs / ".studio" / FOLDER
    if root.is_symlink() or root.parent.is_symlink():
        return []
    try:
        folders = [Path(each.path) for each in os.scandir(root) if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [path for folder in folders for path in _files(folder)]


def sweep(runs: Path) -> None:
    """Remove what a studio that was killed left half sent: nothing that another may still be writing."""
    long_ago = time.time() - MOST_SECONDS_OF_SENDING - MOST_SECONDS
    for path in (runs / ".studio").glob(f"*/.*{_PARTIAL}"):
        with suppress(OSError):
            if path.lstat().st_mtime < long_ago:
                path.unlink()


def _files(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as found:
        for each in found:
            if each.is_file(follow_symlinks=False) and not each.name.startswith("."):
                yield Path(each.path)


def _check_quota(runs: Path, more: int) -> None:
    sizes: list[int] = []
    for path in kept(runs):
        with suppress(OSError):
            sizes.append(path.lstat().st_size)
    if len(sizes) >= MOST_PICTURES or sum(sizes) + more > MOST_KEPT:
        raise Problem(
            507,
            f"The studio keeps at most {memory.text(MOST_KEPT)} in {MOST_PICTURES:,} pictures, and has "
            f"{memory.text(sum(sizes))} in {len(sizes):,}. Delete some of those that were dropped here.",
            "picture.source",
        )


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


def _tried(path: Path, name: str, begun: Callable[[subprocess.Popen[bytes]], None]) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "sfumato.studio.form.decoding", str(path), name]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        begun(process)
        try:
            found = _answer(process)
        finally:
            # Where it takes too long, too.
            process.kill()
    if "problem" in found:
        raise Problem(422, found["problem"], "picture.source")
    return found


def _answer(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    try:
        found = json.loads(process.communicate(timeout=MOST_SECONDS)[0])
    except (ValueError, subprocess.TimeoutExpired):
        raise Problem(422, "This picture could not be decoded.", "picture.source") from None
    return found


def _name(header: str) -> str:
    """The file's name on the other side, percent-encoded there: a header holds no other letters."""
    text = unquote(header[:2000], errors="replace").replace("\\", "/").rpartition("/")[2]
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200] or "picture"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:40].rstrip("-") or "picture"


def _too_large() -> Problem:
    return Problem(413, f"A picture must have at most {MOST_BYTES:,} bytes.", "picture.source")
