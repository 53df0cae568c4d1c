"""The process that decodes an uploaded picture."""

from __future__ import annotations

import pytest

from sfumato.recipe import Picture
from sfumato.studio.form.decode_upload import _UploadSettings


@pytest.mark.parametrize("max_side", [None, 256])
def test_upload_settings_are_a_recipe_s_defaults(max_side: int | None) -> None:
    sent = _UploadSettings("a.png", max_side)
    settings = Picture(source="a.png", max_side=max_side)
    assert {name: getattr(settings, name) for name in vars(sent)} == vars(sent)
