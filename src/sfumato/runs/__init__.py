"""The run folder: what a training leaves on disk."""

from sfumato.runs import layout, weights
from sfumato.runs.atomic import replacing
from sfumato.runs.folder import create
from sfumato.runs.run import Run, load_run
from sfumato.runs.weights import Moment
from sfumato.runs.writer import RunWriter

__all__ = ["Moment", "Run", "RunWriter", "create", "layout", "load_run", "replacing", "weights"]
