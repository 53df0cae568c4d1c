from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import sfumato as sf
from tests.small import SMALL, picture
from tests.studio import here
from tests.studio.client import client


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where a user's own state lies: not in that of whoever tests, and the same for every studio of the session.

    Studios with different keys do not begin each other's runs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """An empty folder of runs."""
    found = tmp_path / "runs"
    found.mkdir()
    return found


@pytest.fixture
def studio(runs: Path) -> Iterator[TestClient]:
    """A studio over `runs`."""
    with client(runs) as found:
        yield found


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    """A finished run of two layers of 16, in a folder of its own; tests leave it as it is."""
    return sf.paint(picture(20, 16), runs=tmp_path_factory.mktemp("trained") / "runs", film="none", **SMALL)


@pytest.fixture
def over_trained(trained: sf.Run) -> Iterator[TestClient]:
    """A studio over the folder of `trained`."""
    with client(trained.folder.parent) as found:
        yield found


@pytest.fixture
def looked_into_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started to look into networks and experiments: tests/studio/inspector has one that is."""
    here.look(monkeypatch)


@pytest.fixture
def decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started for a picture that is sent: others in tests/studio/form/test_uploads.py have one."""
    here.decode(monkeypatch)
