"""The versions on which a trial's numbers depend: every machine must have the driver's."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

PACKAGES = ("sfumato", "torch")


def versions() -> dict[str, str]:
    """Return the versions of this process's packages by name."""
    return {name: version(name) for name in PACKAGES}


def difference(wanted: Mapping[str, str]) -> str:
    """Return what must be installed here, in words; empty where nothing must."""
    here = versions()
    return ", ".join(
        f"{name} {wanted.get(name)}, not {found}" for name, found in here.items() if wanted.get(name) != found
    )
