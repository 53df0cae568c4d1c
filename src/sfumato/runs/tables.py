"""Runs as tables: one row per run of a folder, and one row per evaluation of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.recipe.changes import flat
from sfumato.recipe.summary import text
from sfumato.runs import listing, run_json
from sfumato.runs.entry import Entry
from sfumato.runs.run import Run
from sfumato.tables import Table

KINDS: dict[str, type] = {
    "name": str,
    "state": str,
    "picture": str,
    "engine": str,
    "psnr": float,
    "seconds": float,
    "width": int,
    "height": int,
    "started": str,
}
"""Columns of a run, before those of its recipe's fields."""


class RunList(Sequence[Run]):
    """The runs of a folder, in order; damaged ones are among the `entries`, and not among the runs."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        """What a list shows of each run."""
        self._folders = [each.folder for each in entries if not each.problem]

    def __len__(self) -> int:
        return len(self._folders)

    def __getitem__(self, index: Any) -> Any:
        """Return a run, or a list of some of them."""
        if isinstance(index, slice):
            return [Run(folder) for folder in self._folders[index]]
        return Run(self._folders[index])

    def __iter__(self) -> Iterator[Run]:
        for folder in self._folders:
            yield Run(folder)

    def table(self) -> Table:
        """Return one row per run: its name, state, result, and every field of its recipe, such as ``model.depth``."""
        recipes = [_recipe(each) for each in self.entries]
        fields = dict.fromkeys(field for recipe in recipes for field in recipe)
        columns: dict[str, list[Any]] = {name: [_fact(each, name) for each in self.entries] for name in KINDS}
        kinds = dict(KINDS)
        for field in fields:
            values = [recipe.get(field) for recipe in recipes]
            # A recipe's own engine and picture would be told twice.
            if field in ("engine", "picture.source"):
                continue
            kinds[field], columns[field] = _typed(values)
        return Table(columns, kinds)


def list_runs(folder: str | Path = "runs", words: str = "", sort: str = "started") -> RunList:
    """Return the runs in a folder: those that contain every word, sorted as ``sfumato runs --sort``.

    ``sort``: ``started`` (newest first), ``psnr`` (best first), ``seconds`` (fastest first), or ``name``. Raises
    RunError.
    """
    return RunList(listing.filter_and_sort(listing.entries(Path(folder)), words, sort))


def _recipe(each: Entry) -> dict[str, Any]:
    try:
        recipe = run_json.read(each.folder).get("recipe")
    except RunError:
        return {}
    return flat(recipe) if isinstance(recipe, Mapping) else {}


def _fact(each: Entry, name: str) -> Any:
    value = getattr(each, name)
    return value.isoformat() if name == "started" and value is not None else value


def _typed(values: Sequence[Any]) -> tuple[type, list[Any]]:
    """Return the type that fits all values of a field, and the values in it; texts where nothing else does."""
    known = [value for value in values if value is not None]
    for kind in (bool, int, float):
        allowed = (int, float) if kind is float else kind
        if known and all(
            isinstance(value, allowed) and (kind is bool or not isinstance(value, bool)) for value in known
        ):
            return kind, [None if value is None else kind(value) for value in values]
    return str, [None if value is None else text(value) for value in values]
