"""Saving and loading moments: weights in safetensors files, with their place in the training."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.runs import layout
from sfumato.runs.files import check_fits, replacing, require_regular

if TYPE_CHECKING:
    from sfumato.training import Snapshot


@dataclass(frozen=True)
class Moment:
    """The point of a training at which weights were saved."""

    epoch: float
    step: int
    seconds: float
    loss: float | None
    """Mean loss of the most recent samples; None before the first step."""
    running_psnr: float | None
    """PSNR in dB from their squared errors; None before the first step."""
    progress: float
    """Fraction of the budget spent, 0 to 1."""

    @staticmethod
    def of(snapshot: Snapshot) -> Moment:
        """Return the moment of a snapshot."""
        return Moment(
            snapshot.epoch,
            snapshot.step,
            snapshot.seconds,
            snapshot.loss if math.isfinite(snapshot.loss) else None,
            snapshot.running_psnr if math.isfinite(snapshot.running_psnr) else None,
            snapshot.progress,
        )

    def as_json(self) -> str:
        """Return the moment as JSON, which `from_json` reads."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str | bytes) -> Moment:
        """Parse a moment. Raises KeyError, TypeError, ValueError, or RecursionError."""
        moment = Moment(**json.loads(text))
        for name, value in asdict(moment).items():
            if value is None and name in ("loss", "running_psnr"):
                continue
            if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e300:
                raise ValueError(f"{name} must be a number. Got {shortened(repr(value), 40)}")
        if type(moment.step) is not int or moment.step < 0:
            raise ValueError(f"step must be a whole number of 0 or more. Got {moment.step}")
        return moment


def save(path: Path, weights: dict[str, NDArray[Any]], moment: Moment) -> None:
    """Write weights and their moment atomically. Raises RunError."""
    contiguous = {name: np.asarray(value, order="C") for name, value in weights.items()}
    data = safetensors.numpy.save(contiguous, metadata={"moment": moment.as_json()})
    with replacing(path, make_parent=True) as partial:
        partial.write_bytes(data)


def load(path: Path, shapes: Mapping[str, tuple[int, ...]] | None = None) -> tuple[dict[str, NDArray[Any]], Moment]:
    """Read weights and their moment. Raises RunError when the file was not written by `save`.

    With ``shapes`` of a network's weights, a file whose arrays have other shapes is refused before it is read.
    """
    with _opened(path) as file:
        names: list[str] = list(file.keys())
        if shapes is not None:
            _check_shapes(path, {name: tuple(file.get_slice(name).get_shape()) for name in names}, shapes)
        check_fits(path)
        return {name: file.get_tensor(name) for name in names}, _moment(file)


def moment_of(path: Path) -> Moment:
    """Read the moment without the weights. Raises RunError."""
    with _opened(path) as file:
        return _moment(file)


def _check_shapes(path: Path, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> None:
    if found == expected:
        return
    name = min(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    found_shape, expected_shape = (
        "x".join(map(str, each[name])) if name in each else "missing" for each in (found, expected)
    )
    raise RunError(
        f"the weights in {path} must fit the recipe's network: {shortened(name)} must be {expected_shape}. "
        f"Got {found_shape}; restore "
        f"the file, or the recipe in {layout.RUN}."
    )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safetensors.safe_open(require_regular(path), framework="numpy") as file:
            yield file
    except (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise RunError(f"{path} must be weights that Sfumato saved: {error}. Restore or remove the file.") from None


def _moment(file: Any) -> Moment:
    return Moment.from_json((file.metadata() or {})["moment"])


def read_live_moment(folder: Path) -> Moment | None:
    """Return the moment that live.jpg shows; None if the file is missing, or was not written by a training.

    It is a comment in live.jpg, so that the painting and its metrics belong together, and appear as one file.
    """
    path = folder / layout.LIVE
    if path.is_symlink():
        return None
    try:
        # Only the header is read.
        with require_regular(path).open("rb") as file, Image.open(file, formats=["JPEG"]) as image:
            comment = image.info.get("comment", b"")
        return Moment.from_json(comment)
    except (OSError, SyntaxError, KeyError, TypeError, ValueError, RecursionError, Image.DecompressionBombError):
        return None
