"""The public names of the package: explicit, complete, and loaded lazily."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sfumato


def test_every_public_name_exists() -> None:
    for name in sfumato.__all__:
        assert getattr(sfumato, name).__name__ == name


def test_all_is_sorted_and_equals_the_lazily_loaded_names() -> None:
    assert sorted(sfumato.__all__) == sorted(sfumato._MODULES)
    assert sfumato.__all__ == sorted(sfumato.__all__)
    assert set(dir(sfumato)) == {*sfumato.__all__, "__version__"}


def test_an_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sfumato.nothing  # pyright: ignore[reportAttributeAccessIssue]


def test_importing_sfumato_loads_no_large_library() -> None:
    code = "import sys, sfumato; sys.exit(bool({'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_equals_the_package_metadata() -> None:
    from importlib.metadata import version

    assert version("sfumato") == sfumato.__version__
