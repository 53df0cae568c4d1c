"""All runs as cards. A run folder is read once, and again when its files change."""

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
from sfumato.studio.training import queue_records
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

REFRESH_SECONDS = 0.5
"""Seconds for which the list is not refreshed: a page requests it several times in a row."""
MAX_PER_PAGE = 500
MAX_CACHED_LISTS = 16
"""Combinations of sort order and search words whose lists are cached."""


class Gallery:
    """The runs of one folder. Its methods are thread-safe."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._known: dict[str, tuple[Any, Entry]] = {}
        self._listed: list[Entry] = []
        self._arranged: dict[tuple[str, str], list[Entry]] = {}
        self._refreshed_at = -REFRESH_SECONDS
        self._lock = threading.Lock()
        self.limiter = CapacityLimiter(2)
        """Limits the threads that build pages of the gallery."""

    def entries(self) -> list[Entry]:
        """Return all runs, newest first. Raise RunError if the folder cannot be read."""
        return self._arranged_runs("", "started")

    def _arranged_runs(self, words: str, sort: str) -> list[Entry]:
        """Return the runs as `listing.filter_and_sort` filters and sorts them, cached until a run changes."""
        with self._lock:
            if time.monotonic() - self._refreshed_at >= REFRESH_SECONDS:
                self._refresh()
                self._refreshed_at = time.monotonic()
            key = words.lower(), sort
            found = self._arranged.get(key)
            if found is None:
                if len(self._arranged) >= MAX_CACHED_LISTS:
                    self._arranged.clear()
                found = self._arranged[key] = listing.filter_and_sort(self._listed, words, sort)
            return found

    def _refresh(self) -> None:
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
        """Return ``{total, page, pages, states, runs}`` of the gallery; ``states`` counts the runs in each state."""
        if sort not in listing.SORTS:
            raise Problem(422, f"sort must be one of {', '.join(listing.SORTS)}.", "sort")
        listed = self._arranged_runs(words, sort)
        states: dict[str, int] = {}
        for each in listed:
            states[each.state] = states.get(each.state, 0) + 1
        if state:
            wanted = state.split(",")
            listed = [each for each in listed if each.state in wanted]
        pages = max(1, -(-len(listed) // size))
        number = min(number, pages)
        on_page = listed[(number - 1) * size : number * size]
        positions = {each.name: position for position, each in enumerate(queue_records.queued_runs(self.runs))}
        return {
            "total": len(listed),
            "page": number,
            "pages": pages,
            "states": states,
            "runs": [card(each, positions.get(each.name)) for each in on_page],
        }

    def delete(self, name: str) -> None:
        """Delete a run. Raise Problem or RunError if it cannot be deleted."""
        folder = run_paths.folder(self.runs, name)
        found = entry.read(folder)
        if found.state not in cleaning.STATES:
            raise RunError(f"a run that is {found.state} cannot be deleted here; stop it first.")
        cleaning.delete(found, self.runs)
        thumbnails.forget(self.runs, folder.name)
        with self._lock:
            self._refreshed_at = -REFRESH_SECONDS

    def _entry(self, name: str, path: str, before: tuple[Any, Entry] | None) -> tuple[Any, Entry] | None:
        """Return a folder's cache key and entry; None if it is not a run folder."""
        key = _key(path)
        if before is None or key is None or before[0] != key:
            if not listing.is_run(path):
                return None
            folder = self.runs / name
            if link := run_paths.link_in(folder):
                problem = f"{link} is a symbolic link, which the studio does not follow"
                return key, Entry(folder, entry.DAMAGED, problem=problem)
            return key, entry.read(folder)
        found = before[1]
        # A process may end without changing any file.
        if found.state in entry.LIVE and not entry.is_held(found.folder):
            found = dataclasses.replace(found, state=entry.INTERRUPTED)
        return key, found


def card(each: Entry, before: int | None = None) -> dict[str, Any]:
    """Return a run's card without its folder's path; ``before`` counts the runs ahead of it in the queue.

    ``name`` is encoded for URLs, ``shown`` is for people.
    """
    about = {name: value for name, value in each.as_json().items() if name != "folder"}
    version = thumbnails.version(each.folder)
    return {
        **about,
        "name": run_paths.encode(each.name),
        "shown": each.printable_name,
        "running_psnr": None if each.psnr is not None else progress.running_psnr(each.folder, each.state),
        "state": each.state if before is None or each.state == "running" else entry.QUEUED,
        "before": before,
        "width": each.width,
        "height": each.height,
        "thumbnail": f"/api/runs/{run_paths.in_url(each.name)}/thumbnail.webp?v={version}" if version else None,
    }


def _key(path: str) -> Any:
    """Return times and sizes of the files that a card is made of; None if it also depends on others.

    Paths are strings, because this is called for thousands of runs each time.
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
