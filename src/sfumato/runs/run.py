"""A run, read from its folder."""

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
from sfumato.recipe import Recipe, need, room
from sfumato.recipe.need import Size
from sfumato.runs import facts, layout, listing, metrics, target, weights
from sfumato.runs.regular import regular
from sfumato.runs.weights import Moment


def _nowhere() -> bool:
    """A run that no notebook shows."""
    return False


@dataclass(frozen=True)
class Run:
    """One training of one recipe, and its folder. Everything is read when it is asked for."""

    folder: Path
    module: torch.nn.Module | None = field(default=None, repr=False)
    """The user's own network, where the recipe alone cannot build it; it stays as it is."""
    on_display: Callable[[], bool] = field(default=_nowhere, repr=False, compare=False)
    """Tells whether a notebook's cell shows it already, and must not do so twice."""

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy reads its folder for itself, and is on no display.
        return Run, (self.folder, self.module)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What run.json holds. Raises RunError when this is no run's folder."""
        return facts.whole(self.folder)

    @cached_property
    def recipe(self) -> Recipe:
        """As it was resolved: nothing is ``auto``."""
        try:
            recipe = Recipe.of(self.facts["recipe"])
        except RecipeError as error:
            raise RunError(f"{self.folder / layout.RUN} must hold a recipe: {error}") from None
        if "auto" in (recipe.engine, recipe.dtype, recipe.device) or recipe.threads < 1:
            raise RunError(f"{self.folder / layout.RUN} must hold the recipe as it was resolved. Got auto in it.")
        return recipe

    @property
    def status(self) -> str:
        """``running``, ``done``, ``stopped`` or ``failed``."""
        return self.facts["status"]

    @property
    def psnr(self) -> float | None:
        """dB of the last painting, or None while there is none."""
        result = self.facts["result"]
        return None if result is None else result["psnr"]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl."""
        return metrics.read(self.folder / layout.METRICS)

    @property
    def picture(self) -> NDArray[np.float32]:
        """(H, W, C) as trained on. Raises RunError when it is not that."""
        return target.read(self.folder, self.facts)

    @property
    def painting(self) -> NDArray[np.float32]:
        """(H, W, C) in [0, 1], as painting.png holds it. Raises RunError."""
        path = self.folder / layout.PAINTING
        try:
            with Image.open(regular(path)) as image:
                pixels = np.asarray(image).astype(np.float32) / np.float32(255)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise RunError(f"{path} must be the painting of a finished run: {error}.") from None
        return pixels.reshape(*pixels.shape[:2], -1)

    def moments(self) -> list[Path]:
        """The files of saved weights, in the order of their steps."""
        return layout.of_steps(self.folder, layout.MOMENTS)

    @scoped
    def model(self, moment: Path | None = None, model: torch.nn.Module | None = None) -> tuple[torch.nn.Module, Moment]:
        """The network at a saved moment, by default the last; with ``model``, that one with the moment's weights.

        Raises RunError when there is no moment, or its weights do not fit.
        """
        files = self.moments()
        if moment is None and not files:
            raise RunError(f"{self.folder} must have saved weights in {layout.MOMENTS}/. Got none.")
        file = moment or files[-1]
        if model is None and self.module is not None:
            model = copy.deepcopy(self.module).cpu()
        if model is None and self.recipe.model.module is None:
            model, arrays, when = self._own_model(file)
        else:
            recipe, channels = self.recipe, self.facts["picture"]["channels"]
            arrays, when = weights.load(file)
            if model is None:
                model = models.build_uninitialized(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype])
        try:
            models.unwrap(model).load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        except RuntimeError as error:
            reason = shortened(" ".join(str(error).split()), 300)
            own = self.recipe.model.module
            remedy = f" Pass the network that was trained, {own}, with the arguments that it had." if own else ""
            raise RunError(f"the weights in {file} must fit the recipe's network: {reason}{remedy}") from None
        return model, when

    def _own_model(self, file: Path) -> tuple[torch.nn.Module, dict[str, NDArray[Any]], Moment]:
        """The recipe's network: built, and the file read, only where its arrays are those of this network.

        What run.json says of a network is no more than a claim: memory is asked for what the file holds.
        """
        recipe, channels = self.recipe, self.facts["picture"]["channels"]
        arrays, when = weights.load(file, models.shapes(recipe.model, channels))
        try:
            room.require("its weights", need.painting, recipe, Size(1, 1, channels))
        except RecipeError as error:
            raise RunError(f"{self.folder}: {error}") from None
        model = models.build_uninitialized(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype])
        return model, arrays, when

    def summary(self) -> str:
        """What came out and where it is, for people."""
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
            psnr = "no error" if result["psnr"] is None else f"{result['psnr']:.2f} dB"
            stopped = "stopped " if self.status == "stopped" else ""
            lines.append(
                f"{psnr} {stopped}after {result['epoch']:.2f} epochs, {result['seconds']:.1f} s of "
                f"training (engine {recipe.engine}, {recipe.threads} threads)"
            )
        lines.extend(self.facts["findings"])
        return "\n".join(lines)

    def _repr_html_(self) -> str | None:
        """As a notebook shows a run, unless it does so already."""
        return None if self.on_display() else self.as_html()

    def as_html(self) -> str:
        """Painting and summary."""
        path = self.folder / layout.PAINTING
        image = ""
        if path.exists():
            data = base64.b64encode(path.read_bytes()).decode()
            image = f'<img alt="painting" style="max-width: 100%" src="data:image/png;base64,{data}">'
        return f"<figure>{image}<figcaption><pre>{html.escape(self.summary())}</pre></figcaption></figure>"


def load_run(folder: str | Path, module: torch.nn.Module | None = None, *, runs: str | Path = "runs") -> Run:
    """The run in a folder, or whose name in ``runs`` has this part; with the network that was given to ``fit``.

    Raises RunError when there is none, or more than one.
    """
    path = Path(folder)
    run = Run(path if path.is_dir() else listing.find(str(folder), Path(runs)), module)
    # Read now, so that a folder that is no run is refused here and not somewhere later.
    _ = run.facts
    return run
