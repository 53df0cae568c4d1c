"""Standard streams that are closed, encoded in ASCII, or narrow, and text with markup."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sfumato.cli import standard_streams
from sfumato.cli.main import COMMANDS, main
from sfumato.cli.progress import PaintProgress
from sfumato.recipe import Budget

posix = pytest.mark.skipif(os.name != "posix", reason="closing streams in the shell requires POSIX")


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script of the shell, in which ``$S`` is the command ``sfumato``."""
    whole = os.environ | {"S": f"{sys.executable} -m sfumato"} | environment
    return subprocess.run(["sh", "-c", script], env=whole, capture_output=True, check=False, timeout=120)


@pytest.mark.slow
@posix
@pytest.mark.parametrize(
    ("closed", "printed"), [(">&-", False), ("2>&-", True), ("<&-", True), (">&- 2>&- <&-", False)]
)
def test_closed_streams(tmp_path: Path, closed: str, printed: bool) -> None:
    done = shell(f"$S recipe blog-2012 --format string {closed}; echo $? > {tmp_path}/status")
    assert (tmp_path / "status").read_text() == "0\n"
    assert done.stderr == b""
    assert done.stdout.startswith(b"sf2:") is printed


@pytest.mark.slow
@posix
def test_bad_input_with_closed_streams_keeps_its_status(tmp_path: Path) -> None:
    done = shell("$S recipe nothing 2>&-; echo $?")
    assert done.stdout == b"2\n"


@pytest.mark.slow
@posix
def test_a_file_name_that_is_not_utf_8_is_printed_as_its_bytes() -> None:
    done = shell("$S runs --runs $(printf '/nowhere/\\377\\376'); $S show $(printf 'x\\377')")
    assert done.stdout == b"No runs in /nowhere/\xff\xfe. Start one with: sfumato paint\n"
    assert b"x\xff" in done.stderr or b"x\\xff" in done.stderr or b"\\udcff" in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("a … b · c ─│╭", "ascii", b"a ... b - c -|+"),
        ("é ★", "ascii", b"\\xe9 \\u2605"),
        ("x\udcff", "ascii", b"x\xff"),
        ("é\udcff", "utf-8", b"\xc3\xa9\xff"),
        ("\ud800", "utf-8", b"\\ud800"),
    ],
)
def test_characters_that_an_encoding_lacks(text: str, encoding: str, expected: bytes) -> None:
    standard_streams.prepare()
    raw = io.BytesIO()
    # The variable keeps the stream alive: its end would close what it writes to.
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="sfumato-fallback", write_through=True)
    stream.write(text)
    assert raw.getvalue() == expected


@pytest.mark.slow
def test_help_in_ascii_and_at_any_width(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    # As Python opens it with PYTHONIOENCODING=ascii.
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    standard_streams.prepare()
    for name in COMMANDS:
        monkeypatch.setenv("COLUMNS", "1")
        with pytest.raises(SystemExit) as exited:
            main([name, "--help"])
        assert exited.value.code == 0, name
    assert raw.getvalue().count(b"usage: sfumato") == len(COMMANDS)
    assert raw.getvalue().isascii()


def test_progress_is_printed_without_markup(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    progress = PaintProgress(Budget(epochs=1), console=Console(file=out, width=200))
    line = "MP4 needs more: pip install 'sfumato[lab]' [/b] [red]C:\\x[/red] :smile:"
    progress.say(line)
    assert out.getvalue() == f"{line}\n"
    terminal = io.StringIO()
    with PaintProgress(Budget(epochs=1), console=Console(file=terminal, width=200, force_terminal=True)) as progress:
        progress.stage("film [/b] [lab]", 1, 2)
    assert "film [/b] [lab]" in terminal.getvalue()


def test_a_full_disk_is_not_reported_as_that_of_the_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sfumato.cli.recipe.command", full)
    assert main(["recipe"]) == 2
    assert capsys.readouterr().err == "sfumato: cannot write a file: no space left on device. Make room there.\n"


@posix
def test_a_closed_standard_error_ends_no_work() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = io.TextIOWrapper(
        standard_streams._BestEffortStderr(writing),  # pyright: ignore[reportArgumentType]
        write_through=True,
    )
    stream.write("unread\n")
    os.close(writing)
    stream.write("closed\n")
