"""What a Jupyter notebook shows of a training, and how it is interrupted there. Elsewhere nothing."""

from sfumato.notebook.live import Figure, LiveFigure, figure

__all__ = ["Figure", "LiveFigure", "figure"]
