"""MNIST, 70,000 digits of 28 x 28 pixels: from a folder of its four files, or downloaded once; and IDX, their format.

IDX (http://yann.lecun.com/exdb/mnist/) is a header of big-endian numbers, then bytes.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner: Gradient-based learning applied to document recognition, 1998.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import SfumatoError
from sfumato.formatting import shortened
from sfumato.images.samples import cache_folder
from sfumato.lab.digits.data import OUTPUTS, Digits, Part

UNSIGNED_BYTES = 8
"""The type of every value, the third byte of the file."""

GZIP = b"\x1f\x8b"

SOURCE = "MNIST"
SIDE = 28
TRAINING = 60_000
URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
SECONDS = 30
"""Timeout of the connection to the server, and of each read from it."""
SMALLEST, MOST = 100, 70_000
"""Allowed numbers of images of a file, MNIST's or another's of the same format."""
FILES = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
"""SHA-256 of the gzipped files, by name."""


def read_idx(path: Path, shape: Sequence[int | None], most: int) -> NDArray[np.uint8]:
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


def load(folder: Path) -> Digits:
    """Return the digits of a folder's four files, each plain or with ``.gz``. Raises SfumatoError."""
    training, test = _part(folder, "train"), _part(folder, "t10k")
    return Digits(SOURCE, training, test)


def fetched() -> Path:
    """Return the folder of the four files; download those that are absent. Raises SfumatoError where that fails."""
    # pooch brings in requests, which only a download needs.
    import pooch

    folder = cache_folder() / "mnist"
    for name, sha256 in FILES.items():
        try:
            pooch.retrieve(
                f"{URL}{name}.gz",
                known_hash=f"sha256:{sha256}",
                fname=f"{name}.gz",
                path=folder,
                downloader=cast("Any", pooch.HTTPDownloader(timeout=SECONDS)),  # pooch's own types disagree
            )
        # requests, urllib3, pooch and the file system each raise exceptions of their own.
        except Exception as error:
            raise SfumatoError(
                f"MNIST must be downloaded once, which failed ({type(error).__name__}). Go online and try again, give "
                f"the folder of its files with --mnist DIR, or omit --mnist to use the bundled digits."
            ) from None
    return folder


def _part(folder: Path, which: str) -> Part:
    images_file, labels_file = (_found(folder, name) for name in FILES if name.startswith(which))
    images = read_idx(images_file, (None, SIDE, SIDE), MOST * SIDE * SIDE + 16)
    labels = read_idx(labels_file, (None,), MOST + 8)
    if len(images) != len(labels) or len(images) < SMALLEST:
        raise SfumatoError(
            f"{images_file} and {labels_file.name} must hold equally many digits, at least {SMALLEST}. Got "
            f"{len(images):,} and {len(labels):,}; download MNIST's files again."
        )
    if labels.max() >= OUTPUTS:
        raise SfumatoError(
            f"{labels_file} must hold labels from 0 to {OUTPUTS - 1}. Got {labels.max()}; download it again."
        )
    inputs = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    return Part(inputs, labels.astype(np.int64))


def _found(folder: Path, name: str) -> Path:
    # Some archives have a point in place of the hyphen.
    for each in (name, f"{name}.gz", name.replace("-idx", ".idx"), f"{name.replace('-idx', '.idx')}.gz"):
        if (folder / each).is_file():
            return folder / each
    raise SfumatoError(
        f"--mnist must be a folder of MNIST's four files, {', '.join(FILES)}, each plain or with .gz. Got "
        f"{shortened(str(folder))!r} without {name}."
    )
