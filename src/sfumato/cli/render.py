"""The ``sfumato render`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import run_arguments
from sfumato.render.render_options import RenderOptions

DOC = """Evaluate a run's network at any size, on a part of the picture, or beyond its border.

Examples:  sfumato render runs/20261123-154559-cat-4ea5ae38 --size 2400x3432
           sfumato render runs/20261123-154559-cat-4ea5ae38 --crop 0.4,0.4,0.6,0.6
           sfumato render runs/20261123-154559-cat-4ea5ae38 --crop=-0.5,-0.5,1.5,1.5 --out beyond.png
           sfumato render runs/20261123-154559-cat-4ea5ae38 --neurons all --film mp4
"""


def command(arguments: Sequence[str]) -> int:
    """Render the pictures and print their paths."""
    run, chosen = run_arguments.read_with_options("render", DOC, arguments, RenderOptions)
    # Imported after the flags are checked, because these load PyTorch.
    from sfumato.cli.progress import StagesProgress
    from sfumato.render import neuron_pictures, rendering
    from sfumato.runs.files import output_flag

    with StagesProgress() as progress, output_flag("--out"):
        if chosen.neurons is None:
            paths = [rendering.render(run, chosen, progress.stage)]
        else:
            paths = neuron_pictures.draw(run, chosen, progress.stage)
    for path in paths:
        sys.stdout.write(f"{'picture' if path.suffix == '.png' else 'film':<9} {path}\n")
    return 0
