"""The split of the samples."""

from __future__ import annotations

from pydantic import Field

from sfumato.recipe.section import Section


class Data(Section):
    """Split into training and validation samples."""

    split: float = Field(default=0.0, ge=0, le=0.95, description="fraction of pixels held out for validation")
