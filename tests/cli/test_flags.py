"""Reading flags is fast: nothing reads the source code of a class for its help."""

from __future__ import annotations

from typing import Any

import pytest
from tyro import _docstrings

from sfumato.cli.main import main
from sfumato.errors import SfumatoError


@pytest.mark.parametrize("command", ["paint", "compare", "check", "describe"])
def test_no_source_is_read_for_help(command: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def read(kind: type, _name: str) -> None:
        raise SfumatoError(f"the source of {kind.__name__} was read")

    monkeypatch.setattr(_docstrings, "get_class_tokenization_with_field", read)
    assert main([command, "--no-such-flag"]) == 2
    assert "--no-such-flag is not a flag of sfumato" in capsys.readouterr().err
