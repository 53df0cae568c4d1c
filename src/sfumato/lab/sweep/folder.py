"""A sweep's folder: its spec, its pictures, small paintings, and, unless it is elsewhere, its database."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RunError
from sfumato.lab.sweep.spec import Spec
from sfumato.lab.sweep.study import DATABASE
from sfumato.runs.files import cannot_write, gone, other_output, read_bytes, write_bytes
from sfumato.runs.locking import FolderLock

SPEC = "sweep.json"
STORAGE = "storage"
"""Key of the spec's file: the address of the database; None for the one in the folder."""
PAINTINGS = "paintings"
PICTURES = "pictures"
LOCK = "lock"
MAX_BYTES = 16_000_000


class Folder:
    """Reader and writer of a sweep's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: FolderLock | None = None

    def read(self) -> tuple[Spec, str | None] | None:
        """Return the spec and the database's address; None where there is none yet. Raises RunError."""
        file = self.path / SPEC
        if not file.exists():
            if self.path.exists() and (
                not self.path.is_dir() or any(_is_foreign(each) for each in self.path.iterdir())
            ):
                other = other_output() or "name a sweep's folder"
                raise RunError(f"{self.path} must be a folder of a sweep, or empty. Got something else; {other}.")
            return None
        try:
            found = json.loads(read_bytes(file, MAX_BYTES))
            spec, storage = Spec.of(found), found.get(STORAGE)
            if storage is not None and not isinstance(storage, str):
                raise ValueError(f"storage must be text. Got {storage!r}")
            return spec, storage
        except (ValueError, OSError, RecursionError) as error:
            raise RunError(f"{file} must be a sweep that Sfumato wrote: {error}. Restore or remove it.") from None

    @contextmanager
    def locked(self, spec: Spec, storage: str | None) -> Iterator[None]:
        """Lock the folder, which is made if it is missing. Raises RunError if it holds another sweep."""
        found = self.read()
        if found is not None and (found[0].id != spec.id or found[1] != storage):
            what = f"the id {found[0].id}" if found[0].id != spec.id else f"another storage, {found[1]}"
            raise RunError(f"{self.path} holds another sweep, with {what}. Choose another folder (--out).")
        lock = FolderLock(self.path, LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise RunError(f"{self.path} is being written by another process. Wait for it, or stop it.") from None
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._lock = lock
        try:
            yield
        finally:
            self._lock = None
            lock.release()

    def begin(self, spec: Spec, storage: str | None, pictures: Sequence[NDArray[np.float32]]) -> None:
        """Write what the folder lacks of the spec and the pictures, once the database is open. Raises RunError."""
        if not (self.path / SPEC).exists():
            data = {**spec.to_values(), STORAGE: storage}
            write_bytes(self.path / SPEC, (json.dumps(data, indent=2) + "\n").encode())
        for number, picture in enumerate(pictures):
            if not self.picture_file(number).exists():
                buffer = io.BytesIO()
                np.save(buffer, picture, allow_pickle=False)
                write_bytes(self.picture_file(number), buffer.getvalue(), make_parent=True)

    def picture(self, number: int = 0) -> NDArray[np.float32]:
        """Return a picture (H, W, C) as it is learned. Raises RunError when it is missing or damaged."""
        path, found = self.picture_file(number), self.read()
        try:
            picture = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise RunError(f"{path} must be a picture of the sweep: {error}. Restore it.") from None
        if found is None or images.sha256(picture) != found[0].pictures[number]["sha256"]:
            raise RunError(f"{path} must be picture {number} of the sweep. Got another; restore it.")
        return picture

    def picture_file(self, number: int) -> Path:
        """Return the path of a picture, as it is learned."""
        return self.path / PICTURES / f"{number:03d}.npy"

    def write_painting(self, number: int, pixels: NDArray[np.uint8]) -> None:
        """Write the painting (rows, columns, C) of a configuration. Raises RunError."""
        if self._lock is not None and not self._lock.is_in_place:
            raise gone(self.path)
        buffer = io.BytesIO()
        images.as_image(pixels.astype(np.float32) / np.float32(255)).save(buffer, format="PNG")
        write_bytes(self.painting(number), buffer.getvalue(), make_parent=True)

    def painting(self, number: int) -> Path:
        """Return the path of a configuration's painting of its first picture and seed."""
        return self.path / PAINTINGS / f"{number:06d}.png"


def _is_foreign(path: Path) -> bool:
    """Return whether a file is none that a process leaves which was killed before there was a spec."""
    return path.name not in (LOCK, DATABASE, f"{DATABASE}-journal") and not path.name.endswith(".partial")


def default_path(spec: Spec) -> Path:
    """Return the default folder of a sweep: the same spec gives the same folder, so that it is continued."""
    return Path("sweeps") / f"{_slug(spec.space.as_values())}-{spec.id}"


def _slug(fields: Sequence[str] | dict[str, list[str]]) -> str:
    return "-".join(field.rpartition(".")[2] for field in list(fields)[:3])
