"""The shared folder: trials that wait, that are claimed, and that have outcomes; every step is one atomic rename.

::

    exchange.json            the layout, and the seconds of a lease
    targets/NAME             pictures and digits, each once, by their content
    waiting/NUMBER-NAME-TRY  trials to claim, the lowest number first
    claimed/NUMBER-NAME-TRY.WORKER   trials that a worker trains; it touches them while it lives
    outcomes/NAME            what trials came to, until the driver has them
    reports/NAME             points of a curve, one JSON object a line; reports/NAME.end: that training is to end

A claim that its worker has not touched for a lease goes back to the waiting ones. Ages are measured by the clock of the
file system, which is the same for all machines: against the time of a file that was touched just now.
"""

from __future__ import annotations

import json
import os
import random
import socket
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.lab.executors.folder import messages
from sfumato.lab.executors.folder.entries import Claim, Entry
from sfumato.runs.files import cannot_write, gone, read_bytes, write_bytes

LAYOUT = 1
LEASE_SECONDS = 60.0
"""Seconds after which a claim that nobody touches is taken from its worker."""
SPREAD = 16
"""Trials of which a worker tries any one first."""
KEPT_SECONDS = 7 * 86_400.0
"""Seconds for which an outcome waits for its driver to come back."""
TRIES = 4
"""Times that a trial is claimed before it counts as failed."""

SETTINGS, TARGETS, WAITING, CLAIMED, OUTCOMES, REPORTS = (
    "exchange.json", "targets", "waiting", "claimed", "outcomes", "reports",
)  # fmt: skip

MAX_TRIAL_BYTES = 1_000_000
MAX_FILE_BYTES = 4_000_000_000


class Exchange:
    """Reader and writer of the shared folder, for the driver and for workers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._me = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:6]}"

    def create(self, lease: float = LEASE_SECONDS) -> None:
        """Make what is in the folder. Raises RunError if there is none, or something else, or it cannot be written."""
        try:
            self.check()
            for name in (TARGETS, WAITING, CLAIMED, OUTCOMES, REPORTS):
                (self.path / name).mkdir(exist_ok=True)
            if not self.is_there:
                write_bytes(self.path / SETTINGS, json.dumps({"layout": LAYOUT, "lease": lease}).encode())
            self._remove_old()
        except OSError as error:
            raise self.cannot_use(error) from error

    def check(self) -> None:
        """Raise RunError for a folder of something else, or one that is not there: its name may be mistyped."""
        if not self.path.exists():
            raise RunError(
                f"{self.path} must be a folder that this machine shares. Got none; make it, or name another."
            )
        if not self.is_there:
            known = {SETTINGS, TARGETS, WAITING, CLAIMED, OUTCOMES, REPORTS}
            names = {each.name for each in self.path.iterdir()} if self.path.is_dir() else {""}
            # What a driver leaves that is killed while it makes the folder.
            if any(name not in known and not name.endswith(".partial") for name in names):
                raise RunError(f"{self.path} must be a folder of --executor folder:DIR, or empty. Got something else.")

    @property
    def is_there(self) -> bool:
        """Return whether the folder has been made."""
        return (self.path / SETTINGS).exists()

    def cannot_use(self, error: OSError) -> RunError:
        """Return an error of one line about a folder that was deleted, that is full, or to which access is denied."""
        if isinstance(error, FileNotFoundError) and not self.path.exists():
            return gone(self.path)
        return cannot_write(self.path if error.filename is None else Path(os.fsdecode(error.filename)), error)

    def lease(self) -> float:
        """Return the seconds of a lease. Raises RunError for a folder of something else."""
        try:
            settings = json.loads(read_bytes(self.path / SETTINGS, MAX_TRIAL_BYTES))
            layout, lease = settings["layout"], float(settings["lease"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{self.path} must be a folder of --executor folder:DIR: {error}.") from None
        if layout != LAYOUT or not lease > 0:
            raise RunError(f"{self.path} must have layout {LAYOUT}. Got {layout!r}, which another Sfumato made.")
        return lease

    # What the driver does.

    def add_target(self, data: bytes) -> str:
        """Write a target if the folder lacks it, and return its name. Raises RunError."""
        name = messages.name_of(data)
        if not (self.path / TARGETS / name).exists():
            write_bytes(self.path / TARGETS / name, data)
        return name

    def add(self, entry: Entry, data: bytes) -> None:
        """Let a trial wait. Raises RunError."""
        write_bytes(self.path / WAITING / entry.file, data, synced=False)

    def entries(self) -> dict[str, Entry]:
        """Return the trials that wait or are claimed, by the names of their contents."""
        found: dict[str, Entry] = {}
        # In this order: a trial that is claimed meanwhile is seen in one place at least.
        for folder in (WAITING, CLAIMED):
            for file in _names(self.path / folder):
                entry = Entry.of(file.partition(".")[0])
                if entry is not None:
                    found[entry.name] = entry
        return found

    def count_claimed(self, lease: float) -> int:
        """Return the number of trials that are claimed and whose leases have not run out."""
        return sum(age <= lease for _, age in self._claims())

    def outcomes(self) -> set[str]:
        """Return the names of the trials that have outcomes."""
        return {name for name in _names(self.path / OUTCOMES) if name.isalnum()}

    def outcome(self, name: str) -> bytes:
        """Return an outcome. Raises OSError."""
        return read_bytes(self.path / OUTCOMES / name, MAX_FILE_BYTES)

    def forget(self, names: Collection[str]) -> None:
        """Remove what the folder has of some trials, so that no worker trains them, or goes on doing so."""
        # Claims first: a worker that finishes meanwhile keeps no outcome without its claim.
        for folder in (WAITING, CLAIMED):
            for file in _names(self.path / folder):
                entry = Entry.of(file.partition(".")[0])
                if entry is not None and entry.name in names:
                    with suppress(FileNotFoundError):
                        (self.path / folder / file).unlink()
        for name in names:
            for file in (OUTCOMES, name), (REPORTS, name), (REPORTS, f"{name}.end"):
                with suppress(FileNotFoundError):
                    self.path.joinpath(*file).unlink()

    def take_back(self, lease: float, mine: Collection[str]) -> list[Entry]:
        """Let the claims wait again whose leases have run out; return those of ``mine`` that were claimed too often.

        These are removed; those of other drivers are left for them to find.
        """
        lost: list[Entry] = []
        for path, age in self._claims():
            entry = Entry.of(path.name.partition(".")[0])
            if entry is None or age <= lease:
                continue
            try:
                again = Entry(entry.number, entry.name, entry.tries + 1)
                if again.tries >= TRIES:
                    if entry.name in mine:
                        path.unlink()
                        lost.append(again)
                else:
                    path.rename(self.path / WAITING / again.file)
            except FileNotFoundError:
                # It has just ended.
                continue
        return lost

    def end_early(self, name: str) -> None:
        """Let the training of a trial end at its next point."""
        write_bytes(self.path / REPORTS / f"{name}.end", b"", synced=False)

    def reports(self, name: str, after: int) -> tuple[list[tuple[dict[str, Any], int]], int]:
        """Return the points of a trial's curve after that many bytes, with the marks passed, and the bytes read so far.

        Lines that are something else are left out.
        """
        try:
            with (self.path / REPORTS / name).open("rb") as file:
                file.seek(after)
                lines = file.read(MAX_TRIAL_BYTES)
        except FileNotFoundError:
            return [], after
        whole = lines[: lines.rfind(b"\n") + 1]
        if not whole and len(lines) == MAX_TRIAL_BYTES:
            # No worker writes a line that long.
            whole = lines
        points = [point for line in whole.splitlines() if (point := messages.to_point(line)) is not None]
        return points, after + len(whole)

    # What workers do.

    def waiting(self) -> Iterator[tuple[Entry, Mapping[str, Any]]]:
        """Yield the trials that wait, the lowest numbers first; the first `SPREAD` in any order.

        If all workers tried the same one first, all but one would have read it in vain.
        """
        files = sorted(_names(self.path / WAITING))
        for file in [*random.sample(files[:SPREAD], len(files[:SPREAD])), *files[SPREAD:]]:
            entry = Entry.of(file)
            if entry is None:
                continue
            try:
                data = json.loads(read_bytes(self.path / WAITING / file, MAX_TRIAL_BYTES))
            except FileNotFoundError:
                # Another worker has claimed it.
                continue
            except (OSError, ValueError, RecursionError):
                # Something else than a driver wrote it, or it was cut off; the driver writes it again.
                with suppress(OSError):
                    (self.path / WAITING / file).unlink()
                continue
            if isinstance(data, dict):
                yield entry, data

    def claim(self, entry: Entry) -> Claim | None:
        """Claim a trial; None if another worker was faster."""
        source = self.path / WAITING / entry.file
        path = self.path / CLAIMED / f"{entry.file}.{self._me}"
        try:
            # The rename keeps the time of the file, whose lease must not have run out when it arrives.
            os.utime(source)
            source.rename(path)
        except FileNotFoundError:
            return None
        return Claim(entry, path)

    def target(self, name: str) -> bytes:
        """Return a target. Raises OSError, and ValueError if its content is not the one that its name says."""
        if not name.isalnum():
            raise ValueError(f"a target's name must have letters and digits only. Got {name[:50]!r}")
        data = read_bytes(self.path / TARGETS / name, MAX_FILE_BYTES)
        if messages.name_of(data) != name:
            raise ValueError(f"the content of target {name} has another hash")
        return data

    def finish(self, claim: Claim, outcome: bytes) -> None:
        """Write the outcome of a claimed trial, and end the claim. Raises RunError."""
        if not claim.renew():
            return
        written = self.path / OUTCOMES / claim.entry.name
        write_bytes(written, outcome)
        try:
            claim.path.unlink()
        except FileNotFoundError:
            # It was lost while the outcome was written: nobody waits for it.
            with suppress(FileNotFoundError):
                written.unlink()

    def give_back(self, claim: Claim) -> None:
        """Let a claimed trial wait again, because its worker ends; it does not count as a try."""
        with suppress(FileNotFoundError):
            claim.path.rename(self.path / WAITING / claim.entry.file)

    def try_again(self, claim: Claim) -> bool:
        """Let a claimed trial wait again whose process died; false, and nothing done, if it was tried too often."""
        again = Entry(claim.entry.number, claim.entry.name, claim.entry.tries + 1)
        if again.tries >= TRIES:
            return False
        with suppress(FileNotFoundError):
            claim.path.rename(self.path / WAITING / again.file)
        return True

    def report(self, name: str, point: Any) -> bool:
        """Append a point of a trial's curve, and return whether its training is to end."""
        try:
            with (self.path / REPORTS / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(point) + "\n")
        except OSError as error:
            raise cannot_write(self.path / REPORTS / name, error) from error
        return (self.path / REPORTS / f"{name}.end").exists()

    def _remove_old(self) -> None:
        """Remove what drivers left that never came back."""
        now = self._now()
        for folder in (OUTCOMES, REPORTS):
            for file in _names(self.path / folder):
                path = self.path / folder / file
                with suppress(FileNotFoundError):
                    if now - path.stat().st_mtime > KEPT_SECONDS:
                        path.unlink()

    def _claims(self) -> Iterator[tuple[Path, float]]:
        """Yield the claims, and the seconds since their workers touched them."""
        now = self._now()
        for file in _names(self.path / CLAIMED):
            path = self.path / CLAIMED / file
            # It may have just ended.
            with suppress(FileNotFoundError):
                yield path, now - path.stat().st_mtime

    def _now(self) -> float:
        """Return the time of the file system."""
        path = self.path / CLAIMED / f"clock.{self._me}"
        try:
            path.touch()
            os.utime(path)
            return path.stat().st_mtime
        finally:
            with suppress(OSError):
                path.unlink()


def _names(folder: Path) -> list[str]:
    try:
        # Names alone: the state of every file would be asked for over the network.
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.name.startswith((".", "clock"))]
    except FileNotFoundError:
        return []
