"""The public names of the package."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sfumato import images


def test_public_names_exist_and_are_documented() -> None:
    assert images.__all__ == sorted(images.__all__, key=lambda name: (name != name.upper(), name))
    for name in images.__all__:
        assert getattr(images, name) is not None
        if callable(getattr(images, name)):
            assert getattr(images, name).__doc__


@pytest.mark.slow
def test_the_import_loads_no_heavy_packages() -> None:
    heavy = {"torch", "skimage", "scipy", "pooch", "requests", "pillow_heif", "numba", "matplotlib", "pydantic"}
    code = f"import sys, sfumato.images; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"
