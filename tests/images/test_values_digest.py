"""The hash of a picture."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from sfumato.images import sha256


def test_the_hash_covers_shape_and_values() -> None:
    picture = np.array([[[0.0, 0.25, 1.0]], [[0.5, 2.0, -1.0]]], dtype=np.float32)
    expected = hashlib.sha256(struct.pack("<3q", 2, 1, 3) + struct.pack("<6f", 0, 0.25, 1, 0.5, 2, -1)).hexdigest()
    assert sha256(picture) == expected


def test_layout_and_byte_order_do_not_matter_but_shape_and_values_do() -> None:
    picture = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    digest = sha256(picture)
    assert sha256(np.asfortranarray(picture)) == digest
    assert sha256(np.repeat(picture, 2, axis=0)[::2]) == digest
    assert sha256(picture.astype(">f4")) == digest
    assert sha256(picture.reshape(4, 2, 3)) != digest
    changed = picture.copy()
    changed[1, 2, 0] = np.nextafter(changed[1, 2, 0], np.float32(99))
    assert sha256(changed) != digest
