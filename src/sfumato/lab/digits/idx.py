"""IDX, the format of MNIST's files (http://yann.lecun.com/exdb/mnist/): a header of big-endian numbers, then bytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import SfumatoError

UNSIGNED_BYTES = 8
"""The type of every value, the third byte of the file."""

GZIP = b"\x1f\x8b"


def read(path: Path, shape: Sequence[int | None], most: int) -> NDArray[np.uint8]:
    """Return the values of a file, plain or gzipped, of at most ``most`` bytes.

    ``shape``: the size of each dimension, None for any. Nothing beyond ``most`` is read or unpacked. Raises
    SfumatoError in one line for a file of another format.
    """
    data = _bytes(path, most)
    start = 4 + 4 * len(shape)
    magic = bytes([0, 0, UNSIGNED_BYTES, len(shape)])
    if len(data) < start or data[:4] != magic:
        raise _wrong(path, f"begin with the bytes {magic.hex(' ')}", data[:4].hex(" ") or "nothing")
    sizes = [int(size) for size in np.frombuffer(data[4:start], ">u4")]
    for expected, size in zip(shape, sizes, strict=True):
        if expected not in (None, size):
            raise _wrong(path, f"have the sizes {_sizes(shape)}", _sizes(sizes))
    count = int(np.prod(sizes, dtype=object))
    if len(data) != start + count:
        raise _wrong(path, f"hold {count:,} bytes after its header, as that says", f"{len(data) - start:,}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(sizes)


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == GZIP
        with gzip.open(path, "rb") if gzipped else path.open("rb") as file:
            data = file.read(most + 1)
    except EOFError:
        raise _wrong(path, "be whole", "a gzip file that is cut off") from None
    except (zlib.error, gzip.BadGzipFile):
        raise _wrong(path, "be whole", "a damaged gzip file") from None
    except OSError as error:
        raise SfumatoError(f"{path} cannot be read: {error.strerror or error}. Give MNIST's folder.") from None
    if len(data) > most:
        raise _wrong(path, f"have at most {most:,} bytes", "more")
    return data


def _wrong(path: Path, rule: str, got: str) -> SfumatoError:
    return SfumatoError(f"{path} must {rule}. Got {got}; download MNIST's file again.")


def _sizes(shape: Sequence[int | None]) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape)
