"""The exceptions that Sfumato raises on purpose.

    SfumatoError
    ├── RecipeError     a recipe, or a part of one, is wrong
    ├── PictureError    a picture cannot be found, read, or used
    ├── EngineError     no engine, or not the requested one, can train this recipe
    ├── RunError        a run folder cannot be created, written, read, or found
    └── SnapshotError   a snapshot's network has been trained further, so its state is lost

Each message is one line that says what is wrong, the rule, the value, and what to do. The command line prints the
message and exits with status 2.
"""

from __future__ import annotations


class SfumatoError(Exception):
    """Base of every error that Sfumato raises on purpose."""


class RecipeError(SfumatoError, ValueError):
    """A recipe, or a part of one, breaks a rule."""


class PictureError(SfumatoError):
    """A picture cannot be found, read, or used."""


class EngineError(SfumatoError):
    """No engine, or not the requested one, can train this recipe."""


class RunError(SfumatoError):
    """A run folder cannot be created, written, read, or found."""


class SnapshotError(SfumatoError):
    """A snapshot's network has been trained further, so that its state is lost."""
