"""Titles of the recipe's fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sfumato.recipe.fields import _TITLES, sections  # pyright: ignore[reportPrivateUsage]

MISSPELLED = {each for word in ("lr", "psnr", "ssim", "eps", "init", "dtype") for each in (word, word.capitalize())}


def all_fields() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, field) of every field, and of every parameter of every choice."""
    for section in sections():
        for field in section["fields"]:
            yield field["path"].rpartition(".")[2], field
            for choice in field.get("choices", ()):
                for parameter in choice["parameters"]:
                    yield parameter["name"], parameter


def test_titles_are_spelled_correctly() -> None:
    titles = {name: field["title"] for name, field in all_fields()}
    assert titles["psnr"] == "PSNR"
    assert titles["lr"] == "Learning rate"
    assert titles["init"] == "Initialization"
    assert titles["align_corners"] == "Align corners"
    for name, title in titles.items():
        assert title[0].isupper(), name
        assert "_" not in title
        assert not MISSPELLED & set(title.split())


def test_every_title_belongs_to_a_field() -> None:
    assert set(_TITLES) <= {name for name, _ in all_fields()}
