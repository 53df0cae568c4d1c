"""Tests of the imports of `sfumato.render`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sfumato import render


def test_every_public_name_exists() -> None:
    assert render.__all__ == sorted(render.__all__)
    for name in render.__all__:
        assert getattr(render, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = render.nothing  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.slow
def test_importing_render_imports_no_heavy_package() -> None:
    code = "import sys, sfumato.render; print(sorted({'av', 'matplotlib', 'torch', 'skimage'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
