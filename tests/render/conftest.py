"""One run for all tests of this folder, which do not change it."""

from __future__ import annotations

import pytest

import sfumato as sf
from tests.render.small_run import small_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    with pytest.MonkeyPatch.context() as patch:
        # However short the run is: moments in its middle are looked at here.
        patch.setattr("sfumato.runs.observers.moments.MomentWriter.overhead", sf.Overhead.unlimited())
        return small_run(tmp_path_factory.mktemp("runs"))
