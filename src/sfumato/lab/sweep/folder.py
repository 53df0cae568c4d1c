"""A sweep's folder: its spec, its pictures, small paintings, and, unless it is elsewhere, its database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import RunError
from sfumato.lab import target_files
from sfumato.lab.sweep.spec import Spec
from sfumato.lab.sweep.study import DATABASE
from sfumato.runs import layout
from sfumato.runs.files import cannot_write, gone, other_output, read_bytes, write_bytes
from sfumato.runs.locking import FolderLock, exclusive

SPEC = "sweep.json"
STORAGE = "storage"
"""Key of the spec's file: the address of the database; None for the one in the folder."""
PAINTINGS = "paintings"
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
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        with exclusive(self.path) as self._lock:
            try:
                yield
            finally:
                self._lock = None
                # Where its database cannot be opened, a sweep leaves nothing behind.
                if {each.name for each in self.path.glob("*")} == {layout.LOCK}:
                    with suppress(OSError):
                        (self.path / layout.LOCK).unlink()
                        self.path.rmdir()

    def begin(self, spec: Spec, storage: str | None, pictures: Sequence[NDArray[np.float32]]) -> None:
        """Write what the folder lacks of the spec and the pictures, once the database is open. Raises RunError."""
        if not (self.path / SPEC).exists():
            data = {**spec.to_values(), STORAGE: storage}
            write_bytes(self.path / SPEC, (json.dumps(data, indent=2) + "\n").encode())
        target_files.write(self.path, pictures)

    def picture(self, number: int = 0) -> NDArray[np.float32]:
        """Return a picture (H, W, C) as it is learned. Raises RunError when it is missing or damaged."""
        found = self.read()
        return target_files.read(self.path, number, () if found is None else found[0].pictures)

    def write_painting(self, number: int, pixels: NDArray[np.uint8]) -> None:
        """Write the painting (rows, columns, C) of a configuration. Raises RunError."""
        if self._lock is not None and not self._lock.is_in_place:
            raise gone(self.path)
        target_files.write_png(self.painting(number), pixels)

    def painting(self, number: int) -> Path:
        """Return the path of a configuration's painting of its first picture and seed."""
        return self.path / PAINTINGS / f"{number:06d}.png"


def _is_foreign(path: Path) -> bool:
    """Return whether a file is none that a process leaves which was killed before there was a spec."""
    return path.name not in (layout.LOCK, DATABASE, f"{DATABASE}-journal") and not path.name.endswith(".partial")


def default_path(spec: Spec) -> Path:
    """Return the default folder of a sweep: the same spec gives the same folder, so that it is continued."""
    fields = "-".join(axis.field.rpartition(".")[2] for axis in spec.space.axes[:3])
    return Path("sweeps") / f"{fields}-{spec.id}"
