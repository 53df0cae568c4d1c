"""MNIST, 70,000 digits of 28 x 28 pixels: from a folder of its four files, or downloaded once and checked.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner: Gradient-based learning applied to document recognition, 1998.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from sfumato.errors import SfumatoError
from sfumato.formatting import shortened
from sfumato.images.mona_lisa import cache_folder
from sfumato.lab.digits import idx
from sfumato.lab.digits.data import OUTPUTS, Digits, Part

SOURCE = "MNIST"

SIDE = 28
TRAINING = 60_000
SMALLEST, MOST = 100, 70_000
"""Allowed numbers of images of a file, MNIST's or another's of the same format."""

URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
SECONDS = 30
"""Timeout of the connection to the server, and of each read from it."""

FILES = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
"""SHA-256 of the gzipped files, by name."""


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
    images = idx.read(images_file, (None, SIDE, SIDE), MOST * SIDE * SIDE + 16)
    labels = idx.read(labels_file, (None,), MOST + 8)
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
