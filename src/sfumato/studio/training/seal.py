"""Signatures that tell this user's records from those of others.

Folders of runs are copied, unpacked, and shared, and opening one must not start any training. So the studio carries out
a record in a folder only if it is signed with a key from the user's own state folder.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

import platformdirs

KEY_BYTES = 32


def sign(text: str) -> str:
    """Return this user's signature (HMAC-SHA256) of a text."""
    return hmac.new(_key(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def verify(text: str, signature: str) -> bool:
    """Return whether ``signature`` is this user's signature of a text."""
    return hmac.compare_digest(sign(text).encode(), signature.encode("utf-8", "replace"))


@cache
def _key() -> bytes:
    """Return the key; if it cannot be stored, one for this process alone."""
    path = Path(platformdirs.user_state_path("sfumato")) / "studio.key"
    new = secrets.token_bytes(KEY_BYTES)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(new)
            # A link is atomic, and fails if there is a key: another studio may be starting.
            with suppress(FileExistsError):
                os.link(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        found = path.read_bytes()
        if len(found) == KEY_BYTES:
            return found
    return new
