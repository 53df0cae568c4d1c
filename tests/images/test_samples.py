"""Sample pictures."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from sfumato.errors import PictureError
from sfumato.images import SAMPLES, samples
from tests.images.made_files import SHARED, load, needs_shared

NAMES = {"cat": "chelsea", "astronaut": "astronaut", "coffee": "coffee", "camera": "camera"}


def test_the_samples_are_those_of_the_recipe() -> None:
    from sfumato.recipe import Picture

    described = Picture.model_fields["source"].description or ""
    assert described.split("sample: ")[1].split(", ") == list(SAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_has_the_values_of_scikit_image(name: str) -> None:
    expected = getattr(skimage.data, NAMES[name])()
    expected = expected if expected.ndim == 3 else expected[:, :, np.newaxis]
    np.testing.assert_array_equal(load(name), expected.astype(np.float32) / np.float32(255))
    height, width = expected.shape[:2]
    assert SAMPLES[name].endswith(f" {width}x{height}")


@pytest.mark.slow
def test_a_sample_is_found_without_importing_scikit_image() -> None:
    code = (
        "import sys; from sfumato.images import load; from sfumato.recipe import Picture; load(Picture(source='cat'));"
        "sys.exit(bool({'skimage', 'torch', 'pooch', 'requests', 'pillow_heif'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_scikit_image_without_its_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PictureError, match=r"'camera'.*data/camera\.png.*pip install"):
        samples.sample_path("camera")


@needs_shared
def test_the_mona_lisa_is_always_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "fetch", lambda _: SHARED / "mona-lisa-2012.jpg")
    expected = load(SHARED / "mona-lisa.png")
    for managed in (True, False):
        np.testing.assert_array_equal(load("mona-lisa", color_management=managed), expected)
    # The embedded profile would change it.
    assert np.abs(load(SHARED / "mona-lisa-2012.jpg") - expected).max() > 0.02
