"""Errors about pictures, as one line each."""

from __future__ import annotations

from sfumato.errors import PictureError

FORMATS = "JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC"


class InMemoryName(str):
    """Name of a picture in memory for messages, such as "an array of uint8"; those of files are plain strings."""

    __slots__ = ()


def picture_error(source: str, rule: str, found: str, remedy: str) -> PictureError:
    """Return an error with the rule, the picture, the problem and a remedy in one line, for any file name."""
    end = "" if remedy.endswith("?") else "."
    subject = "the picture" if isinstance(source, InMemoryName) else "picture.source"
    return PictureError(f"{subject} must be {rule}. Got {quoted(source)}, {found}; {remedy}{end}")


def quoted(source: str) -> str:
    """Return the source in quotes and escaped, as file names may contain line breaks, shortened in the middle.

    The name of a picture in memory is not quoted.
    """
    text = str(source) if isinstance(source, InMemoryName) else repr(source)
    return text if len(text) <= 200 else f"{text[:60]}...{text[-120:]}"


def reason(error: BaseException) -> str:
    """Return the message of another library's error as one short printable line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    line = line.rstrip(".") or type(error).__name__
    return line if len(line) <= 120 else line[:117] + "..."
