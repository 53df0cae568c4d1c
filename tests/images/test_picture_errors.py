"""Errors about pictures."""

from __future__ import annotations

from sfumato.images.picture_errors import picture_error, quoted, reason


def test_the_error() -> None:
    line = str(picture_error("a.png", "a picture", "which is a song", "use another file"))
    assert line == "picture.source must be a picture. Got 'a.png', which is a song; use another file."
    assert str(picture_error("a", "b", "c", "did you mean d?")).endswith("d?")


def test_a_name_is_escaped_and_shortened() -> None:
    assert quoted("a\nb\x1b[0m'") == repr("a\nb\x1b[0m'")
    long = quoted("/start/" + "x" * 5000 + "/end.png")
    assert len(long) < 200
    assert long.startswith("'/start/x")
    assert long.endswith("x/end.png'")


def test_a_reason_is_one_short_line() -> None:
    assert reason(ValueError("broken\n\x1b[31mhere  and\tthere.")) == "broken [31mhere and there"
    assert reason(KeyError()) == "KeyError"
    assert reason(FileNotFoundError(2, "No such file", "/a/path")) == "No such file"
    assert len(reason(ValueError("x" * 9999))) == 120
