"""Writing a frame for every evaluation, and the last one as the painting."""

from __future__ import annotations

import io
from pathlib import Path

from sfumato import images
from sfumato.recipe.picture import Transfer
from sfumato.runs import layout
from sfumato.runs.files import write_bytes
from sfumato.runs.observers.folder import FolderObserver
from sfumato.training import Overhead, PictureSnapshot, Start


class FrameWriter(FolderObserver[PictureSnapshot]):
    """An observer that saves the painting of every evaluation."""

    name = "frames"
    overhead = Overhead.unlimited(with_evaluations=True)

    def __init__(self, folder: Path, transfer: Transfer) -> None:
        """Set up for a folder; ``transfer`` is the transfer function of the picture as trained on."""
        super().__init__(folder)
        self._transfer: Transfer = transfer

    def begin(self, start: Start) -> None:
        """Remove the frames after the checkpoint of a run that is resumed."""
        if start.step is not None:
            self.remove_later(layout.FRAMES, start.step)

    def due(self, snapshot: PictureSnapshot) -> bool:
        """Return whether the snapshot is evaluated, and training has not diverged."""
        return snapshot.evaluation is not None and snapshot.ended != "diverged"

    def observe(self, snapshot: PictureSnapshot) -> None:
        """Save a frame, and at the end the painting, which is encoded once since a large PNG takes seconds."""
        painting = images.to_srgb(snapshot.painting(), self._transfer)
        buffer = io.BytesIO()
        # Level 1 takes a third of the default's time, for a tenth more bytes, and training waits for it.
        images.as_image(painting).save(buffer, format="PNG", compress_level=1)
        write_bytes(self.folder / layout.frame(snapshot.step), buffer.getvalue(), make_parent=True)
        if snapshot.ended is not None:
            write_bytes(self.folder / layout.PAINTING, buffer.getvalue())
