"""The folder of an experiment: plans that nobody wrote are one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.errors import RunError
from sfumato.lab import folder


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
