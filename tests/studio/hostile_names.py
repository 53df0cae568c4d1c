"""Valid names of run folders that are difficult for pages, URLs, and titles."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = [
    os.fsdecode(name) if isinstance(name, bytes) else name
    for name in (
        b"caf\xe9", b"\xff\xfe", b"half\xed\xa0\x80", "percent%", "100%25", "%2e%2e", "%FF", "a,b", ",", "line\nbreak",
        "tab\there", "escape\x1b[31m", "\x7f", "\u202etxt.exe", "\u200fmark", "zero\u200bwidth", "\u2028line",
        "hash#tag", "what?", "a&b=c", "semi;colon", "plus+", 'double"quote', "it's", "<b>bold", "&amp;", "back\\slash",
        "two  spaces", " before", "after ", "ünïcode 🎨", "e\u0301", "שלום", "[x]{y}(z)", "`$HOME`", "a:b", "*", "|",
        "~", "~41", "javascript:alert(1)", "null", "new", "layers", "x" * 255, "ü" * 127, "漢" * 85,
    )
]  # fmt: skip


def copies(run: Path, runs: Path) -> list[str]:
    """Copy a run to each of the names that the file system allows, and return those names."""
    made: list[str] = []
    for name in NAMES:
        try:
            shutil.copytree(run, runs / name)
        except OSError:
            continue
        made.append(name)
    return made


def display_name(name: str) -> str:
    """Return a name as people see it."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
