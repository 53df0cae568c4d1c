"""One line of a run's metrics, of which only what pages show is read.

The other values of a line may be of any length and nesting. The parser skips them without making Python's objects of
them, which would take many times a line's size.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sfumato.formatting import shortened

MAX_BYTES = 1_000_000
"""Bytes of a line; that of the deepest network has a fifth."""
MAX_LAYERS = 2000
"""Layers whose statistics are read; a recipe has at most half as many."""

Number = Annotated[float, Field(gt=-1e300, lt=1e300, allow_inf_nan=False)]
_Name = Annotated[str, StringConstraints(max_length=1000)]


class _Values(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Layers(_Values):
    """Statistics of the layers, one value each."""

    name: list[_Name] = Field(default=[], max_length=MAX_LAYERS)
    stable_rank: list[Number | None] | None = Field(default=None, max_length=MAX_LAYERS)


class Statistics(_Values):
    """Statistics of the network."""

    layers: Layers | None = None


class MetricsLine(_Values):
    """One line; `sfumato.runs.metrics.line` says what the values are."""

    epoch: Number
    step: int = Field(ge=0, lt=10**15)
    samples: Number
    seconds: Number
    loss: Number | None
    psnr: Number | None
    ssim: Number | None = None
    learning_rate: Number | None = None
    stats: Statistics | None = None

    @property
    def layers(self) -> Layers:
        """The statistics of the layers; empty if the line has none."""
        return (self.stats and self.stats.layers) or Layers()

    def values(self, *names: str) -> dict[str, Any]:
        """Return some of the values by name."""
        return {name: getattr(self, name) for name in names}


def parse(text: bytes) -> MetricsLine:
    """Parse one line. Raise ValueError, which names the first invalid value."""
    if len(text) > MAX_BYTES:
        raise ValueError(f"a line has more than {MAX_BYTES:,} bytes")
    try:
        return MetricsLine.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(shortened(f"{where}: {first['msg']}" if where else first["msg"])) from None
