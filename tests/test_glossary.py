"""The glossary is one alphabetical list, with a sentence and a location for every term."""

from __future__ import annotations

from pathlib import Path

GLOSSARY = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"


def test_every_term_has_a_meaning_and_a_location_in_alphabetical_order() -> None:
    lines = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    assert len(rows) > 100
    for row in rows:
        assert len(row) == 3, row
        assert row[1].endswith("."), row
        assert all(row), row
    terms = [row[0].lower() for row in rows]
    assert terms == sorted(set(terms))
