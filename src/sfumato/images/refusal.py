"""The one line that says why a picture cannot be used."""

from __future__ import annotations

from sfumato.errors import PictureError

FORMATS = "JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC"


class Given(str):
    """What a picture in memory is, in words, where that of a file is the name that a person typed."""

    __slots__ = ()


def refusal(source: str, rule: str, found: str, remedy: str) -> PictureError:
    """Which rule, which picture, what is wrong with it, what to do: one line, whatever the file's name holds."""
    end = "" if remedy.endswith("?") else "."
    subject = "the picture" if isinstance(source, Given) else "picture.source"
    return PictureError(f"{subject} must be {rule}. Got {shown(source)}, {found}; {remedy}{end}")


def shown(source: str) -> str:
    """The source between quotes, escaped (a file's name may hold line ends), its middle cut out where it is long.

    Of a picture in memory what it is, as it stands.
    """
    text = str(source) if isinstance(source, Given) else repr(source)
    return text if len(text) <= 200 else f"{text[:60]}...{text[-120:]}"


def reason(error: BaseException) -> str:
    """An error of another library as one short printable line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    line = line.rstrip(".") or type(error).__name__
    return line if len(line) <= 120 else line[:117] + "..."
