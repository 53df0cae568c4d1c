"""The exceptions that Sfumato raises on purpose.

    SfumatoError
    ├── RecipeError     a recipe, or a part of one, is wrong
    ├── PictureError    a picture cannot be found, read or used
    ├── EngineError     no engine, or not the one asked for, can train this recipe
    ├── RunError        a run folder cannot be made, written, read or found
    └── SnapshotError   a snapshot is asked about a network that has been trained on since

Each message is one line that names what is wrong, the rule, the value that came and what to do;
the command line prints it as it stands and exits with status 2.
"""

from __future__ import annotations


class SfumatoError(Exception):
    """Base of every error that Sfumato raises on purpose."""


class RecipeError(SfumatoError, ValueError):
    """A recipe, or a part of one, breaks a rule."""


class PictureError(SfumatoError):
    """A picture cannot be found, read or used."""


class EngineError(SfumatoError):
    """No engine, or not the one that was asked for, can train this recipe."""


class RunError(SfumatoError):
    """A run folder cannot be made, written, read or found."""


class SnapshotError(SfumatoError):
    """A snapshot is asked about a network that has been trained on since."""
