"""A run that the tests of this folder share and do not change."""

from __future__ import annotations

import pytest

import sfumato as sf
from tests.render.small_run import small_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    with pytest.MonkeyPatch.context() as patch:
        # The run is short, and tests need moments in its middle, so their overhead is not limited.
        patch.setattr("sfumato.runs.observers.moments.MomentWriter.overhead", sf.Overhead.unlimited())
        return small_run(tmp_path_factory.mktemp("runs"))
