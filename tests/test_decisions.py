"""docs/decisions: every record has a status, and the index has its title and status."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
RECORD = re.compile(r"# (\d{3}): (.+)\n\nStatus: ((?:Accepted|Superseded)[^\n]*(?:\n[^\n]+)*)\n\n")


def test_the_index_matches_the_records() -> None:
    rows: list[str] = []
    for number, path in enumerate(sorted(FOLDER.glob("[0-9]*.md")), start=1):
        found = RECORD.match(path.read_text(encoding="utf-8"))
        assert found is not None, path.name
        name, title, status = found.groups()
        assert int(name) == number == int(path.name[:3])
        rows.append(f"| [{name}]({path.name}) | {title} | {' '.join(status.split()).rstrip('.')} |")
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[.*$", index, re.MULTILINE) == rows
    # The records that the index links to exist.
    assert all((FOLDER / link).exists() for link in re.findall(r"\]\((\d{3}-[^)]+)\)", index))
