"""What a preset is: a name, a description, differences from the default recipe, and the publication that it repeats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sfumato.recipe.changes import changed
from sfumato.recipe.recipe import Recipe


@dataclass(frozen=True)
class Published:
    """The publication whose experiment a preset repeats."""

    paper: str
    """Authors, year, title, and number at arXiv."""
    code: str
    """The authors' program that decides what the paper leaves open: repository and file."""
    task: str
    """The pictures of the experiment."""
    psnr: float | None = None
    """The printed PSNR in dB; None where none is printed for this setting."""
    result: str = ""
    """What the printed PSNR is of: pictures, moment, and where it is printed."""
    leaves_open: str = ""
    """What paper and code leave open, or what differs here, as sentences."""


@dataclass(frozen=True)
class Preset:
    """A recipe by name."""

    name: str
    description: str
    """A noun phrase in one line, for lists."""
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Differences from the default recipe, nested as in a recipe's file."""
    published: Published | None = None
    """The publication that it repeats; None for a preset of this project."""

    @property
    def recipe(self) -> Recipe:
        """The whole recipe."""
        return changed(Recipe(), self.changes)
