"""Reading a run from its folder."""

from __future__ import annotations

import base64
import copy
import html
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sfumato import models
from sfumato.errors import RecipeError, RunError
from sfumato.formatting import shortened
from sfumato.process_state import scoped
from sfumato.recipe import Recipe, memory_check, memory_estimate
from sfumato.recipe.memory_estimate import Size
from sfumato.runs import layout, listing, metrics, run_json, target, weights
from sfumato.runs.files import require_regular
from sfumato.runs.weights import Moment
from sfumato.tables import Table


def _not_displayed() -> bool:
    """Return False, for a run that no notebook displays."""
    return False


@dataclass(frozen=True)
class Run:
    """One training of one recipe, and its folder. Its files are read on access."""

    folder: Path
    module: torch.nn.Module | None = field(default=None, repr=False)
    """The user's custom network, if the recipe alone cannot build it; it is never changed."""
    on_display: Callable[[], bool] = field(default=_not_displayed, repr=False, compare=False)
    """Function that returns whether a notebook's cell displays the run already, and must not do so twice."""

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled copy reads its folder itself, and is not displayed anywhere.
        return Run, (self.folder, self.module)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The content of run.json. Raises RunError when the folder is not that of a run."""
        return run_json.read_complete(self.folder)

    @cached_property
    def recipe(self) -> Recipe:
        """The resolved recipe, in which nothing is ``auto``. Raises RunError."""
        try:
            recipe = Recipe.of(self.facts["recipe"])
        except RecipeError as error:
            raise RunError(f"{self.folder / layout.RUN} must hold a recipe: {error}") from None
        if "auto" in (recipe.engine, recipe.dtype, recipe.device) or recipe.threads < 1:
            raise RunError(f"{self.folder / layout.RUN} must hold the recipe as it was resolved. Got auto in it.")
        return recipe

    @property
    def status(self) -> str:
        """The status in run.json: ``running``, ``paused``, ``done``, ``stopped``, ``diverged``, or ``failed``."""
        return self.facts["status"]

    @property
    def psnr(self) -> float | None:
        """PSNR of the final painting in dB, or None without a result."""
        result = self.facts["result"]
        return None if result is None else result["psnr"]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl."""
        return metrics.read(self.folder / layout.METRICS)

    def table(self) -> Table:
        """Return one row per exact evaluation: epoch, step, samples, seconds, loss, PSNR, SSIM, learning rate."""
        return metrics.table(self.metrics)

    @property
    def picture(self) -> NDArray[np.float32]:
        """The picture as trained on, (H, W, C). Raises RunError when its file is damaged."""
        return target.read(self.folder, self.facts)

    @property
    def painting(self) -> NDArray[np.float32]:
        """The painting in painting.png, (H, W, C) in [0, 1]. Raises RunError."""
        path = self.folder / layout.PAINTING
        try:
            with Image.open(require_regular(path)) as image:
                pixels = np.asarray(image).astype(np.float32) / np.float32(255)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise RunError(f"{path} must be the painting of a finished run: {error}.") from None
        return pixels.reshape(*pixels.shape[:2], -1)

    def moments(self) -> list[Path]:
        """Return the files of saved weights, in the order of their steps."""
        return layout.of_steps(self.folder, layout.MOMENTS)

    @scoped
    def model(self, moment: Path | None = None, model: torch.nn.Module | None = None) -> tuple[torch.nn.Module, Moment]:
        """Return the network at a saved moment, by default the last, and the moment.

        Its outputs are targets, in the range that ``data.target_range`` sets. The weights are loaded into ``model`` if
        given. Raises RunError when there is no moment, or its weights do not fit the network.
        """
        files = self.moments()
        if moment is None and not files:
            raise RunError(f"{self.folder} must have saved weights in {layout.MOMENTS}/. Got none.")
        file = moment or files[-1]
        if model is None and self.module is not None:
            model = copy.deepcopy(self.module).cpu()
        if model is None and self.recipe.model.module is None:
            model, arrays, when = self._builtin_model(file)
        else:
            channels = self.facts["picture"]["channels"]
            arrays, when = weights.load(file)
            if model is None:
                model = self._uninitialized(channels)
        try:
            models.unwrap(model).load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        except RuntimeError as error:
            reason = shortened(" ".join(str(error).split()), 300)
            custom = self.recipe.model.module
            suggestion = f" Pass the trained network, {custom}, with its original arguments." if custom else ""
            raise RunError(f"the weights in {file} must fit the recipe's network: {reason}{suggestion}") from None
        return model, when

    def _builtin_model(self, file: Path) -> tuple[torch.nn.Module, dict[str, NDArray[Any]], Moment]:
        """Build the recipe's network, and read the file, only if its arrays have the shapes of the network's weights.

        run.json may describe a network of any size; memory is allocated only for weights that the file contains.
        """
        recipe, channels = self.recipe, self.facts["picture"]["channels"]
        arrays, when = weights.load(file, models.shapes(recipe.model, channels))
        try:
            memory_check.require("its weights", memory_estimate.painting, recipe, Size(1, 1, channels))
        except RecipeError as error:
            raise RunError(f"{self.folder}: {error}") from None
        return self._uninitialized(channels), arrays, when

    def _uninitialized(self, channels: int) -> torch.nn.Module:
        recipe = self.recipe
        dtype = models.DTYPES[recipe.dtype]
        return models.build_uninitialized(recipe.model, channels, recipe.seed, dtype, recipe.coordinates)

    def summary(self) -> str:
        """Return the result and the paths of the run's files as text."""
        lines = [
            f"{name:<9} {path}"
            for name, path in (
                ("painting", self.folder / layout.PAINTING),
                *(("film", path) for path in sorted(self.folder.glob(f"{layout.FILM}.*"))),
                ("curve", self.folder / layout.CURVE),
                ("run", self.folder),
            )
            if path.exists()
        ]
        result = self.facts["result"]
        if result is not None:
            recipe = self.recipe
            psnr = "infinite PSNR" if result["psnr"] is None else f"{result['psnr']:.2f} dB"
            stopped = "stopped " if self.status == "stopped" else ""
            lines.append(
                f"{psnr} {stopped}after {result['epoch']:.2f} epochs, {result['seconds']:.1f} s of "
                f"training (engine {recipe.engine}, {recipe.threads} threads)"
            )
        lines.extend(self.facts["findings"])
        return "\n".join(lines)

    def _repr_html_(self) -> str | None:
        """Return the HTML that a notebook displays, or None if it displays the run already."""
        return None if self.on_display() else self.as_html()

    def as_html(self) -> str:
        """Return the painting and the summary as HTML."""
        path = self.folder / layout.PAINTING
        image = ""
        if path.exists():
            data = base64.b64encode(path.read_bytes()).decode()
            image = f'<img alt="painting" style="max-width: 100%" src="data:image/png;base64,{data}">'
        return f"<figure>{image}<figcaption><pre>{html.escape(self.summary())}</pre></figcaption></figure>"


def load_run(folder: str | Path, module: torch.nn.Module | None = None, *, runs: str | Path = "runs") -> Run:
    """Load the run in a folder, or the run in ``runs`` whose name contains ``folder``.

    ``module``: the network that was passed to ``fit``. Raises RunError when there is no such run, or more than one.
    """
    path = Path(folder)
    run = Run(path if path.is_dir() else listing.find(str(folder), Path(runs)), module)
    # run.json is read here, so that a folder that is not a run is refused at once.
    _ = run.facts
    return run
