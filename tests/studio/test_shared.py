"""The state that all requests share."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sfumato.studio import shared
from sfumato.studio.shared import Studio
from sfumato.studio.web.guard import Rules
from tests.awaited import awaited
from tests.patience import PATIENCE


def test_maintenance_continues_after_an_error(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shared, "MAINTENANCE_INTERVAL", 0.01)

    async def kept() -> None:
        studio = Studio(runs, runs, Rules())
        monkeypatch.setattr(studio.workers, "reap", lambda: None)
        looks, often = 0, asyncio.Event()

        async def mistaken() -> None:
            nonlocal looks
            looks += 1
            if looks == 5:
                often.set()
            raise ValueError("nobody thought of this")

        monkeypatch.setattr(studio.queue, "start_next", mistaken)
        house = asyncio.create_task(studio.maintain())
        waiting = asyncio.create_task(often.wait())
        await asyncio.wait({house, waiting}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        house.cancel()
        studio.end()
        assert often.is_set(), "it has ended"

    awaited(kept())
    # Reported once, and not twice per second.
    assert capfd.readouterr().err.count("Traceback") == 1
