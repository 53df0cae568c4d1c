"""MNIST's files: valid ones are read, invalid ones refused in one line."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sfumato.errors import SfumatoError
from sfumato.lab.digits import mnist
from tests.lab.digits import made


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_folder_plain_or_gzipped(gzipped: bool, tmp_path: Path) -> None:
    found = mnist.load(made.mnist(tmp_path / "m", gzipped=gzipped))
    for part, wanted in ((found.training, made.part(150, 1, 784)), (found.test, made.part(100, 2, 784))):
        assert np.array_equal(part.labels, wanted.labels)
        assert np.array_equal(part.inputs, (wanted.inputs * 255).round().astype(np.float32) / np.float32(255))


def test_file_names_with_a_point(tmp_path: Path) -> None:
    folder = made.mnist(tmp_path / "m", gzipped=False)
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.replace("-idx", ".idx"))
    assert len(mnist.load(folder).training.labels) == 150


def cut(data: bytes) -> bytes:
    return data[:-3]


def as_floats(data: bytes) -> bytes:
    return data[:2] + b"\x0d" + data[3:]


def unlike(data: bytes) -> bytes:
    return made.idx(np.zeros((150, 27, 28), np.uint8))


def endless(data: bytes) -> bytes:
    return gzip.compress(bytes(mnist.MOST * 784 + 100_000), 1)


def huge(data: bytes) -> bytes:
    return data[:4] + b"\xff\xff\xff\xff" + data[8:]


def torn(data: bytes) -> bytes:
    return gzip.compress(data)[:-40]


def scrambled(data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data))
    packed[200:260] = bytes(60)
    return bytes(packed)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut, "hold 117,600 bytes after its header, as that says. Got 117,597"),
        (as_floats, "begin with the bytes 00 00 08 03. Got 00 00 0d 03"),
        (unlike, "have the sizes any x 28 x 28. Got 150 x 27 x 28"),
        (endless, "have at most 54,880,016 bytes. Got more"),
        (huge, "bytes after its header"),
        (torn, "a gzip file that is cut off"),
        (scrambled, "a damaged gzip file"),
        (lambda _: b"", "begin with the bytes 00 00 08 03. Got nothing"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(damage: Callable[[bytes], bytes], message: str, tmp_path: Path) -> None:
    folder = made.mnist(tmp_path / "m", gzipped=False)
    file = folder / "train-images-idx3-ubyte"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(SfumatoError) as caught:
        mnist.load(folder)
    assert message in str(caught.value)
    assert file.name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(150, 10), "labels from 0 to 9. Got 10"),
        (np.zeros(149), "equally many digits, at least 100. Got 150 and 149"),
    ],
)
def test_wrong_labels_are_refused(labels: Any, message: str, tmp_path: Path) -> None:
    folder = made.mnist(tmp_path / "m", gzipped=False)
    (folder / "train-labels-idx1-ubyte").write_bytes(made.idx(labels.astype(np.uint8)))
    with pytest.raises(SfumatoError, match=message):
        mnist.load(folder)


def test_a_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    folder = made.mnist(tmp_path / "m", gzipped=True)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(SfumatoError, match="without t10k-labels-idx1-ubyte"):
        mnist.load(folder)
    with pytest.raises(SfumatoError, match="must be a folder of MNIST's four files"):
        mnist.load(tmp_path / "nowhere")


def test_no_more_than_allowed_is_read(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(made.idx(np.arange(10, dtype=np.uint8)))
    assert list(mnist.read_idx(file, (None,), 18)) == list(range(10))
    with pytest.raises(SfumatoError, match="at most 17 bytes"):
        mnist.read_idx(file, (None,), 17)


def test_a_failed_download_suggests_alternatives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path))
    monkeypatch.setattr(mnist, "URL", "http://127.0.0.1:9/")
    with pytest.raises(SfumatoError, match="or omit --mnist to use the bundled digits") as caught:
        mnist.fetched()
    assert "\n" not in str(caught.value)


def test_downloads_are_verified_by_their_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "URL", "http://127.0.0.1:9/")
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    # Files with the right names and other contents are refused.
    for name in mnist.FILES:
        (tmp_path / "cache" / "mnist" / f"{name}.gz").write_bytes(b"other")
    with pytest.raises(SfumatoError, match="must be downloaded once"):
        mnist.fetched()
