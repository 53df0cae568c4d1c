"""Every example runs in a shorter version."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = example.read_text(encoding="utf-8")
    for seconds in ("20", "5"):
        code = code.replace(f'budget={{"seconds": {seconds}}}', 'budget={"steps": 4}')
    code = code.replace('"cat"', '{"source": "cat", "max_side": 24}')
    assert '{"seconds"' not in code
    exec(compile(code, str(example), "exec"), {"__name__": "__main__"})
    assert "dB" in capsys.readouterr().out


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2
