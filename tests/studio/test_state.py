"""The state that all requests share."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sfumato.studio import state
from sfumato.studio.state import Studio
from sfumato.studio.web.guard import Rules
from tests.awaited import awaited
from tests.patience import PATIENCE


def test_maintenance_continues_after_an_error(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(state, "MAINTENANCE_INTERVAL", 0.01)

    async def maintained() -> None:
        studio = Studio(runs, runs, runs, Rules())
        monkeypatch.setattr(studio.workers, "reap", lambda: None)
        calls, called_often = 0, asyncio.Event()

        async def failing() -> None:
            nonlocal calls
            calls += 1
            if calls == 5:
                called_often.set()
            raise ValueError("nobody thought of this")

        monkeypatch.setattr(studio.queue, "start_next", failing)
        maintenance = asyncio.create_task(studio.maintain())
        waiting = asyncio.create_task(called_often.wait())
        await asyncio.wait({maintenance, waiting}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        maintenance.cancel()
        studio.end()
        assert called_often.is_set(), "it has ended"

    awaited(maintained())
    # Reported once, and not twice per second.
    assert capfd.readouterr().err.count("Traceback") == 1
