"""All runs as cards: read once, and again only where something has changed."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter

from sfumato.errors import RunError
from sfumato.runs import cleaning, entry, layout, listing
from sfumato.runs.entry import Entry
from sfumato.studio.gallery import thumbnails
from sfumato.studio.run import progress
from sfumato.studio.training import waiting
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

FRESH = 0.5
"""Seconds for which a list is taken as it is: a page asks several times at once."""
MOST_PER_PAGE = 500
MOST_ARRANGED = 16
"""Orders and words for which the list is kept as it was answered."""


class Gallery:
    """The runs of one folder. Its methods may be called by several threads."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._known: dict[str, tuple[Any, Entry]] = {}
        self._listed: list[Entry] = []
        self._arranged: dict[tuple[str, str], list[Entry]] = {}
        self._at = -FRESH
        self._lock = threading.Lock()
        self.few = CapacityLimiter(2)
        """Of those who ask for pages of it."""

    def entries(self) -> list[Entry]:
        """All runs, newest first. Raises RunError where the folder cannot be read."""
        return self._in_order("", "started")

    def _in_order(self, words: str, sort: str) -> list[Entry]:
        """As `listing.filter_and_sort` has it; done again only when a run has changed."""
        with self._lock:
            if time.monotonic() - self._at >= FRESH:
                self._look()
                self._at = time.monotonic()
            asked = words.lower(), sort
            found = self._arranged.get(asked)
            if found is None:
                if len(self._arranged) >= MOST_ARRANGED:
                    self._arranged.clear()
                found = self._arranged[asked] = listing.filter_and_sort(self._listed, words, sort)
            return found

    def _look(self) -> None:
        known: dict[str, tuple[Any, Entry]] = {}
        changed = False
        for each in listing.visible_entries(self.runs):
            if not each.is_dir(follow_symlinks=False):
                continue
            before = self._known.get(each.name)
            if (now := self._entry(each.name, each.path, before)) is not None:
                known[each.name] = now
                changed |= before is None or before[1] is not now[1]
        if changed or known.keys() != self._known.keys():
            self._listed = [found for _, found in known.values()]
            self._arranged.clear()
        self._known = known

    def page(self, words: str, sort: str, state: str, number: int, size: int) -> dict[str, Any]:
        """What the gallery shows: ``{total, page, pages, states, runs}``; ``states`` counts the runs of each."""
        if sort not in listing.SORTS:
            raise Problem(422, f"sort must be one of {', '.join(listing.SORTS)}.", "sort")
        listed = self._in_order(words, sort)
        states: dict[str, int] = {}
        for each in listed:
            states[each.state] = states.get(each.state, 0) + 1
        if state:
            wanted = state.split(",")
            listed = [each for each in listed if each.state in wanted]
        pages = max(1, -(-len(listed) // size))
        number = min(number, pages)
        shown = listed[(number - 1) * size : number * size]
        before = {each.name: place for place, each in enumerate(waiting.places(self.runs))}
        return {
            "total": len(listed),
            "page": number,
            "pages": pages,
            "states": states,
            "runs": [card(each, before.get(each.name)) for each in shown],
        }

    def delete(self, name: str) -> None:
        """Delete a run. Raises Problem or RunError where it must stay."""
        folder = names.folder(self.runs, name)
        found = entry.read(folder)
        if found.state not in cleaning.STATES:
            raise RunError(f"a run that is {found.state} cannot be deleted here; stop it first.")
        cleaning.delete(found, self.runs)
        thumbnails.forget(self.runs, folder.name)
        with self._lock:
            self._at = -FRESH

    def _entry(self, name: str, path: str, before: tuple[Any, Entry] | None) -> tuple[Any, Entry] | None:
        """A folder's, with what tells whether it has changed; None where it is no run's."""
        key = _key(path)
        if before is None or key is None or before[0] != key:
            if not listing.is_run(path):
                return None
            folder = self.runs / name
            if link := names.link_in(folder):
                return key, Entry(folder, entry.DAMAGED, problem=f"{link} is a link, and the studio follows none")
            return key, entry.read(folder)
        found = before[1]
        # A process may go without a word, and no file changes.
        if found.state in entry.LIVE and not entry.is_held(found.folder):
            found = dataclasses.replace(found, state=entry.INTERRUPTED)
        return key, found


def card(each: Entry, before: int | None = None) -> dict[str, Any]:
    """A run in the gallery, without where it lies; ``before`` are those before it in the queue, where it waits.

    ``name`` is for addresses, ``shown`` for people.
    """
    about = {name: value for name, value in each.as_json().items() if name != "folder"}
    version = thumbnails.version(each.folder)
    return {
        **about,
        "name": names.encoded(each.name),
        "shown": each.printable_name,
        "running_psnr": None if each.psnr is not None else progress.running_psnr(each.folder, each.state),
        "state": each.state if before is None or each.state == "running" else entry.QUEUED,
        "before": before,
        "width": each.width,
        "height": each.height,
        "thumbnail": f"/api/runs/{names.in_address(each.name)}/thumbnail.webp?v={version}" if version else None,
    }


def _key(path: str) -> Any:
    """Times and sizes of the files that a card is made of; None where that is not all that it depends on.

    Texts and not paths: it is asked of thousands of runs each time.
    """
    try:
        run = os.lstat(f"{path}/{layout.RUN}")
    except OSError:
        return None
    try:
        lines = os.lstat(f"{path}/{layout.METRICS}").st_size
    except OSError:
        lines = 0
    return run.st_mtime_ns, run.st_size, run.st_ino, lines
