"""What tells a record of this user's studio from one that somebody else has put there.

Folders of runs are copied, unpacked and shared, and opening one must train nothing. So what a studio finds written in
one it carries out only where it bears a seal: made with a key that lies elsewhere, in the user's own folder.
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


def seal(text: str) -> str:
    """A seal of this user on a text."""
    return hmac.new(_key(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def holds(text: str, found: str) -> bool:
    """Whether that is this user's seal on the text."""
    return hmac.compare_digest(seal(text).encode(), found.encode("utf-8", "replace"))


@cache
def _key() -> bytes:
    """The key; where it cannot be kept, one that is as good until this process ends."""
    path = Path(platformdirs.user_state_path("sfumato")) / "studio.key"
    new = secrets.token_bytes(KEY_BYTES)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(new)
            # Whole, and only where there is none yet: another studio may begin in this moment.
            with suppress(FileExistsError):
                os.link(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        found = path.read_bytes()
        if len(found) == KEY_BYTES:
            return found
    return new
