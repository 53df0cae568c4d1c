"""An inference worker that ends during a request."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.studio.inspector import networks


class FakeSubprocess:
    """Fails at its first requests with the given errors."""

    errors: list[OSError]
    ended = False

    def __init__(self, *_: Any) -> None: ...

    def ask(self, _: dict[str, Any], __: float) -> tuple[dict[str, Any], bytes]:
        if FakeSubprocess.errors:
            raise FakeSubprocess.errors.pop()
        return {"json": {"stable_rank": [1.0]}}, b""

    def end(self) -> None: ...


@pytest.mark.slow
@pytest.mark.parametrize(
    ("errors", "status"),
    [([], 200), ([OSError()], 200), ([OSError(), OSError()], 500), ([TimeoutError()], 500)],
)
def test_a_request_is_retried_once_but_not_after_a_timeout(
    over_trained: TestClient, trained: sf.Run, monkeypatch: pytest.MonkeyPatch, errors: list[OSError], status: int
) -> None:
    monkeypatch.setattr(networks, "Subprocess", FakeSubprocess)
    FakeSubprocess.errors = list(errors)
    answer = over_trained.get(f"/api/runs/{trained.folder.name}/ranks")
    assert answer.status_code == status
    assert FakeSubprocess.errors == []
