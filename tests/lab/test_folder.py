"""The folder of an experiment: plans that nobody wrote are one clear line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sfumato.errors import RunError
from sfumato.lab import folder
from sfumato.lab.trial import Key, Outcome


@pytest.mark.parametrize("text", ['{"a":' * 100_000, "[" * 100_000, "{", "[]"])
def test_a_plan_that_sfumato_did_not_write(tmp_path: Path, text: str) -> None:
    (tmp_path / folder.PLAN).write_text(text)
    with pytest.raises(RunError, match="must be a plan that Sfumato wrote"):
        folder.Folder(tmp_path).plan()


def test_a_plan_is_read_in_bounded_memory(tmp_path: Path) -> None:
    with (tmp_path / folder.PLAN).open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(RunError, match="it has more than 16,000,000 bytes"):
        folder.Folder(tmp_path).plan()


def test_a_row_is_appended_without_reading_those_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test it, because the time of ten thousand rows would grow with their square."""
    key, rows = Key("verdict", "a", 0, ()), tmp_path / folder.TRIALS

    def row(number: int) -> Outcome:
        return Outcome(replace(key, seed=number), {"number": number}, {}, (), None)

    whole = folder.Folder(tmp_path)
    with monkeypatch.context() as patched:
        patched.delattr(Path, "read_bytes")
        for number in range(3):
            whole.write(row(number), 0)
    # Only a line that a crash cut off is looked for, and removed.
    rows.write_text(rows.read_text() + '{"numb')
    whole.write(row(3), 0)
    assert rows.read_text() == "".join(f'{{"number": {number}}}\n' for number in range(4))
