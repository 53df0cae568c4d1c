"""Replacements of the studio's subprocesses in this process, for tests that are not about processes."""

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


class InProcessInspector:
    """A replacement of the `Subprocess` of the inference worker."""

    ended = False

    def __init__(self, *_: Any) -> None:
        from sfumato.studio.inspector import inference_worker

        self._reply = inference_worker._reply
        self._networks = inference_worker._Networks()

    def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
        """Reply after a round trip through JSON, as through pipes."""
        head, data = self._reply(self._networks, json.loads(json.dumps(order)))
        return json.loads(json.dumps(head)), data

    def end(self) -> None: ...


class InProcessChecker:
    """A replacement of the `Subprocess` that checks recipes, without any findings."""

    ended = False
    has_message = False

    def __init__(self, *_: Any) -> None: ...

    def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
        """Reply to a request."""
        return ({"loaded": True} if order["do"] == "load" else {"works": True, "findings": []}), b""

    def end(self) -> None: ...


class InProcessDecoder:
    """A replacement of the process that decodes a picture."""

    def __init__(self, command: Sequence[str], **_: Any) -> None:
        self._arguments = command[command.index("sfumato.studio.form.decode_upload") + 1 :]

    def __enter__(self) -> InProcessDecoder:
        return self

    def __exit__(self, *_: object) -> None: ...

    def communicate(self, timeout: float) -> tuple[bytes, None]:
        """Return what the process would print."""
        from sfumato.studio.form import decode_upload

        with contextlib.redirect_stdout(io.StringIO()) as printed:
            decode_upload.main(*self._arguments)
        return printed.getvalue().encode(), None

    def kill(self) -> None: ...


def inspect(patch: pytest.MonkeyPatch) -> None:
    """Evaluate networks in this process."""
    patch.setattr(networks, "Subprocess", InProcessInspector)


def check(patch: pytest.MonkeyPatch) -> None:
    """Check recipes in this process."""
    patch.setattr(worker_pool, "Subprocess", InProcessChecker)


def decode(patch: pytest.MonkeyPatch) -> None:
    """Decode uploaded pictures in this process."""
    patch.setattr(uploads, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": InProcessDecoder}))
