"""A trial in the shared folder, named by its file; and the claim of the worker that trains it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A trial in the folder."""

    number: int
    """Its place in the order in which trials are claimed."""
    name: str
    """Name of its content."""
    tries: int
    """Times that it was claimed before."""

    @property
    def file(self) -> str:
        """Return the name of its file."""
        return f"{self.number:09d}-{self.name}-{self.tries}"

    @staticmethod
    def of(file: str) -> Entry | None:
        """Return the entry of a file's name, without the worker; None for another file."""
        number, _, rest = file.partition("-")
        name, _, tries = rest.partition("-")
        if not (number.isdigit() and name.isalnum() and tries.isdigit()):
            return None
        return Entry(int(number), name, int(tries))


@dataclass(frozen=True)
class Claim:
    """A trial that a worker may train, until its lease has run out."""

    entry: Entry
    path: Path

    def renew(self) -> bool:
        """Begin the lease anew, and return whether the claim is still this worker's."""
        try:
            os.utime(self.path)
        except FileNotFoundError:
            return False
        return True
