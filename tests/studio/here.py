"""What the studio asks of other processes, answered in this one: for tests of what is answered, not of processes."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from sfumato.studio.form import uploads
from sfumato.studio.inspector import networks
from sfumato.studio.training import worker_pool


class Looker:
    """In place of the `Subprocess` that looks into networks."""

    ended = False

    def __init__(self, *_: Any) -> None:
        from sfumato.studio.inspector import inference_worker

        self._reply = inference_worker._reply
        self._networks = inference_worker._Networks()

    def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
        """As it comes through pipes."""
        head, data = self._reply(self._networks, json.loads(json.dumps(order)))
        return json.loads(json.dumps(head)), data

    def end(self) -> None: ...


class Checker:
    """In place of the `Subprocess` that checks recipes: it finds nothing wrong with any."""

    ended = False
    has_message = False

    def __init__(self, *_: Any) -> None: ...

    def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
        """Like the other's."""
        return ({"loaded": True} if order["do"] == "load" else {"works": True, "findings": []}), b""

    def end(self) -> None: ...


class Decoder:
    """In place of the process that tries a picture."""

    def __init__(self, command: Sequence[str], **_: Any) -> None:
        self._arguments = command[command.index("sfumato.studio.form.decoding") + 1 :]

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None: ...

    def communicate(self, timeout: float) -> tuple[bytes, None]:
        """What it would print."""
        from sfumato.studio.form import decoding

        with contextlib.redirect_stdout(io.StringIO()) as printed:
            decoding.main(*self._arguments)
        return printed.getvalue().encode(), None

    def kill(self) -> None: ...


def look(patch: pytest.MonkeyPatch) -> None:
    """Networks are looked into here."""
    patch.setattr(networks, "Subprocess", Looker)


def check(patch: pytest.MonkeyPatch) -> None:
    """Recipes are checked here, or not at all."""
    patch.setattr(worker_pool, "Subprocess", Checker)


def decode(patch: pytest.MonkeyPatch) -> None:
    """Pictures that are sent are decoded here."""
    patch.setattr(uploads, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": Decoder}))
