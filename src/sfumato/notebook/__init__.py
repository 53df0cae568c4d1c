"""A live figure of a training in a Jupyter notebook, and interruption of its kernel; nothing outside of notebooks."""

from sfumato.notebook.live import Figure, LiveFigure, figure

__all__ = ["Figure", "LiveFigure", "figure"]
