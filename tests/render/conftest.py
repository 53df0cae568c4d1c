"""One run for all tests of this folder, which do not change it."""

from __future__ import annotations

import pytest

import sfumato as sf
from tests.render.small_run import small_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    return small_run(tmp_path_factory.mktemp("runs"))
