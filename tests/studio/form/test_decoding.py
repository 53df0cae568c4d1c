"""The process that tries a picture."""

from __future__ import annotations

import pytest

from sfumato.recipe import Picture
from sfumato.studio.form.decoding import _UploadSettings


@pytest.mark.parametrize("max_side", [None, 256])
def test_a_file_is_decoded_as_a_recipe_has_it_by_default(max_side: int | None) -> None:
    sent = _UploadSettings("a.png", max_side)
    settings = Picture(source="a.png", max_side=max_side)
    assert {name: getattr(settings, name) for name in vars(sent)} == vars(sent)
