"""Uploaded pictures: limited in size, decoded by the package's own loader, and named by the hash of their content."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import stat
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
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

MAX_BYTES = 64_000_000
MAX_SECONDS = 60.0
"""Time limit of decoding."""
MAX_UPLOAD_SECONDS = 600.0

MAX_TOTAL_BYTES = 1_000_000_000
"""Bytes of all uploaded pictures together."""
MAX_PICTURES = 1000
MAX_UPLOADS = 4
"""Uploads at the same time, each of which may have the maximum size."""

FOLDER = "pictures"
_PARTIAL = ".partial"


class Uploads:
    """The uploaded pictures of one studio."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._uploading = 0
        self.one_at_a_time = asyncio.Lock()
        """Held while a picture is decoded, which may take a GiB."""
        self._decoding: subprocess.Popen[bytes] | None = None
        self._has_ended = False

    async def store(self, request: Request) -> dict[str, Any]:
        """Store a picture, and return ``{source, width, height, channels}`` with ``source`` as a recipe names it.

        The same bytes are stored once, whatever their name. Raise Problem, and store nothing, if a check fails.
        """
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BYTES):
            raise _too_large()
        if self._uploading >= MAX_UPLOADS:
            raise Problem(503, "Several pictures are being uploaded already. Upload this one when they are done.")
        # Count before the first await: otherwise all of many simultaneous uploads would pass the check above.
        self._uploading += 1
        try:
            return await self._store(request, int(declared) if declared.isdecimal() else 0)
        finally:
            self._uploading -= 1

    async def _store(self, request: Request, declared: int) -> dict[str, Any]:
        folder = run_paths.studio_folder(self._runs, FOLDER)
        await to_thread.run_sync(sweep, self._runs)
        await to_thread.run_sync(_check_quota, self._runs, declared)
        partial = folder / f".{os.urandom(8).hex()}{_PARTIAL}"
        try:
            digest, start = await _receive(request, partial)
            name = _name(request.headers.get("x-name", ""))
            async with self.one_at_a_time:
                found = await to_thread.run_sync(_decode, partial, name, self._on_start)
                if (ending := structure.ending(start)) is None:
                    raise Problem(422, "This file is not a picture in a supported format.", "picture.source")
                await to_thread.run_sync(_check_quota, self._runs, partial.stat().st_size)
                folder_of_hash = run_paths.studio_folder(self._runs, FOLDER, digest[:16])
                stored = next(_files(folder_of_hash), folder_of_hash / f"{_slug(name)}.{ending}")
                partial.replace(stored)
        except OSError as error:
            raise Problem(507, f"The picture cannot be stored: {(error.strerror or str(error)).lower()}.") from None
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return {"source": str(stored), **found}

    def end(self) -> None:
        """Stop decoding; requests that wait for it fail."""
        self._has_ended = True
        if self._decoding is not None:
            self._decoding.kill()

    def _on_start(self, process: subprocess.Popen[bytes]) -> None:
        self._decoding = process
        if self._has_ended:
            process.kill()

    def listing(self) -> dict[str, Any]:
        """Return ``{pictures: [{source, name, bytes}], bytes, most_bytes}``, the latest picture first."""
        found: list[tuple[float, dict[str, Any]]] = []
        for path in stored(self._runs):
            with suppress(OSError):
                about = path.stat()
                found.append((about.st_mtime, {"source": str(path), "name": path.name, "bytes": about.st_size}))
        pictures = [each for _, each in sorted(found, key=lambda one: -one[0])]
        return {"pictures": pictures, "bytes": sum(each["bytes"] for each in pictures), "most_bytes": MAX_TOTAL_BYTES}

    def delete(self, source: str) -> None:
        """Delete an uploaded picture; runs that learned it have their own copy. Raise Problem."""
        path = Path(source)
        if path not in stored(self._runs):
            raise Problem(404, "There is no such picture here.")
        try:
            path.unlink()
            with suppress(OSError):
                path.parent.rmdir()
        except OSError as error:
            raise Problem(507, f"The picture cannot be deleted: {(error.strerror or str(error)).lower()}.") from None


def stored(runs: Path) -> list[Path]:
    """Return all uploaded pictures that are not symbolic links."""
    root = runs / ".studio" / FOLDER
    if root.is_symlink() or root.parent.is_symlink():
        return []
    try:
        folders = [Path(each.path) for each in os.scandir(root) if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [path for folder in folders for path in _files(folder)]


def sweep(runs: Path) -> None:
    """Remove partial uploads of a studio that was killed, but none that another studio may still be writing."""
    long_ago = time.time() - MAX_UPLOAD_SECONDS - MAX_SECONDS
    for folder in _real(runs / ".studio", stat.S_ISDIR):
        for path in _real(folder, stat.S_ISREG):
            with suppress(OSError):
                if path.match(f".*{_PARTIAL}") and path.lstat().st_mtime < long_ago:
                    path.unlink()


def _real(folder: Path, is_kind: Callable[[int], bool]) -> list[Path]:
    """Return what is of a kind in a folder; nothing if the folder is a link, and no links."""
    with suppress(OSError):
        if not folder.is_symlink():
            return [path for path in folder.iterdir() if is_kind(path.lstat().st_mode)]
    return []


def _files(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as found:
        for each in found:
            if each.is_file(follow_symlinks=False) and not each.name.startswith("."):
                yield Path(each.path)


def _check_quota(runs: Path, more: int) -> None:
    sizes: list[int] = []
    for path in stored(runs):
        with suppress(OSError):
            sizes.append(path.lstat().st_size)
    if len(sizes) >= MAX_PICTURES or sum(sizes) + more > MAX_TOTAL_BYTES:
        raise Problem(
            507,
            f"The studio stores at most {memory.text(MAX_TOTAL_BYTES)} in {MAX_PICTURES:,} pictures, and has "
            f"{memory.text(sum(sizes))} in {len(sizes):,}. Delete some of the uploaded pictures.",
            "picture.source",
        )


async def _receive(request: Request, path: Path) -> tuple[str, bytes]:
    """Write the request's body to a file, and return its SHA-256 and its first bytes."""
    digest, size, start = hashlib.sha256(), 0, b""
    try:
        with path.open("xb") as file:
            async with asyncio.timeout(MAX_UPLOAD_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    if size > MAX_BYTES:
                        raise _too_large()
                    digest.update(part)
                    start = (start + part)[:64] if len(start) < 64 else start
                    file.write(part)
    except TimeoutError:
        limit = f"{MAX_UPLOAD_SECONDS:.0f} seconds"
        raise Problem(408, f"The upload took longer than {limit}.", "picture.source") from None
    except ClientDisconnect:
        raise Problem(400, "The upload was interrupted.", "picture.source") from None
    return digest.hexdigest(), start


def _decode(path: Path, name: str, on_start: Callable[[subprocess.Popen[bytes]], None]) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "sfumato.studio.form.decode_upload", str(path), name]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        on_start(process)
        try:
            found = _answer(process)
        finally:
            # Also after a timeout.
            process.kill()
    if "problem" in found:
        raise Problem(422, found["problem"], "picture.source")
    return found


def _answer(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    try:
        found = json.loads(process.communicate(timeout=MAX_SECONDS)[0])
    except (ValueError, subprocess.TimeoutExpired):
        raise Problem(422, "This picture could not be decoded.", "picture.source") from None
    return found


def _name(header: str) -> str:
    """Return the file's name on the user's computer, which the page percent-encodes because headers are ASCII."""
    text = unquote(header[:2000], errors="replace").replace("\\", "/").rpartition("/")[2]
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200] or "picture"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:40].rstrip("-") or "picture"


def _too_large() -> Problem:
    return Problem(413, f"A picture must have at most {MAX_BYTES:,} bytes.", "picture.source")
