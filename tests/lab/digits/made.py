"""Synthetic digits, small enough for any test."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.lab.digits.data import Digits, Part


def part(count: int, seed: int, inputs: int = 64) -> Part:
    """Return digits that each light pixels of their own, in noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count)
    values = 0.5 * random.random((count, inputs))
    for digit in range(10):
        values[labels == digit, digit::10] += 0.5
    return Part(values.astype(np.float32), labels.astype(np.int64))


def digits(samples: int = 80, tests: int = 40) -> Digits:
    return Digits("made", part(samples, 1), part(tests, 2))


def idx(values: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a file in MNIST's format."""
    sizes = b"".join(int(size).to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


def mnist(folder: Path, *, gzipped: bool, samples: int = 150, tests: int = 100) -> Path:
    """Create a folder with four files of MNIST's names and format."""
    folder.mkdir()
    for which, count, seed in (("train", samples, 1), ("t10k", tests, 2)):
        made = part(count, seed, inputs=784)
        images = (made.inputs * 255).round().astype(np.uint8).reshape(count, 28, 28)
        for name, data in (
            (f"{which}-images-idx3-ubyte", idx(images)),
            (f"{which}-labels-idx1-ubyte", idx(made.labels.astype(np.uint8))),
        ):
            if gzipped:
                (folder / f"{name}.gz").write_bytes(gzip.compress(data))
            else:
                (folder / name).write_bytes(data)
    return folder
