from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import sfumato as sf
from tests.small import SMALL, picture
from tests.studio import here as in_process
from tests.studio.client import client


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set a temporary folder for the user's state, the same for every studio of the session.

    Studios with different keys do not start each other's runs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return an empty folder of runs."""
    found = tmp_path / "runs"
    found.mkdir()
    return found


@pytest.fixture
def studio(runs: Path) -> Iterator[TestClient]:
    """Return a client of a studio over `runs`."""
    with client(runs) as found:
        yield found


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    """Return a finished run of two layers of 16, in its own folder, which tests do not change."""
    return sf.paint(picture(20, 16), runs=tmp_path_factory.mktemp("trained") / "runs", film="none", **SMALL)


@pytest.fixture
def over_trained(trained: sf.Run) -> Iterator[TestClient]:
    """Return a client of a studio over the folder of `trained`."""
    with client(trained.folder.parent) as found:
        yield found


@pytest.fixture
def inspector_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluate networks and read experiments in this process; tests/studio/inspector starts one."""
    in_process.inspect(monkeypatch)


@pytest.fixture
def decoder_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode pictures in this process; other tests in tests/studio/form/test_uploads.py start one."""
    in_process.decode(monkeypatch)
