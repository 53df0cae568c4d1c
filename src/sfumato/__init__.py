"""Sfumato: train a deep network to paint a picture, and watch it learn.

>>> import sfumato as sf
>>> run = sf.paint("cat", budget={"seconds": 5})
>>> run.folder, run.psnr

The names in ``__all__`` are the public interface; everything else is private. They are loaded when they are first
used, so that importing sfumato is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.api import check, fit, load_picture, load_run, paint, resume, train, train_many
    from sfumato.errors import EngineError, PictureError, RecipeError, RunError, SfumatoError, SnapshotError
    from sfumato.lab.compare import compare
    from sfumato.lab.executors.executor import Executor
    from sfumato.lab.executors.folder.executor import FolderExecutor
    from sfumato.lab.executors.ray_cluster import RayExecutor
    from sfumato.lab.experiment import Experiment, load_experiment
    from sfumato.lab.sweep.results import Sweep, load_sweep
    from sfumato.lab.sweep.sweep import sweep
    from sfumato.lab.trial_index import load_trials
    from sfumato.recipe import Budget, Coordinates, Evaluation, Model, Picture, Recipe, Training, preset
    from sfumato.runs import Run
    from sfumato.runs.tables import list_runs
    from sfumato.tables import Table
    from sfumato.training import Diagnosis, Observer, Overhead, PictureSnapshot, Snapshot, Start

__version__ = "0.1.0"

_MODULES = {
    "Budget": "recipe",
    "Coordinates": "recipe",
    "Diagnosis": "training",
    "EngineError": "errors",
    "Evaluation": "recipe",
    "Executor": "lab.executors.executor",
    "Experiment": "lab.experiment",
    "FolderExecutor": "lab.executors.folder.executor",
    "Model": "recipe",
    "Observer": "training",
    "Overhead": "training",
    "Picture": "recipe",
    "PictureError": "errors",
    "PictureSnapshot": "training",
    "RayExecutor": "lab.executors.ray_cluster",
    "Recipe": "recipe",
    "RecipeError": "errors",
    "Run": "runs",
    "RunError": "errors",
    "SfumatoError": "errors",
    "Snapshot": "training",
    "SnapshotError": "errors",
    "Start": "training",
    "Sweep": "lab.sweep.results",
    "Table": "tables",
    "Training": "recipe",
    "check": "api",
    "compare": "lab.compare",
    "fit": "api",
    "list_runs": "runs.tables",
    "load_experiment": "lab.experiment",
    "load_picture": "api",
    "load_run": "api",
    "load_sweep": "lab.sweep.results",
    "load_trials": "lab.trial_index",
    "paint": "api",
    "preset": "recipe",
    "resume": "api",
    "sweep": "lab.sweep.sweep",
    "train": "api",
    "train_many": "api",
}

__all__ = [
    "Budget",
    "Coordinates",
    "Diagnosis",
    "EngineError",
    "Evaluation",
    "Executor",
    "Experiment",
    "FolderExecutor",
    "Model",
    "Observer",
    "Overhead",
    "Picture",
    "PictureError",
    "PictureSnapshot",
    "RayExecutor",
    "Recipe",
    "RecipeError",
    "Run",
    "RunError",
    "SfumatoError",
    "Snapshot",
    "SnapshotError",
    "Start",
    "Sweep",
    "Table",
    "Training",
    "check",
    "compare",
    "fit",
    "list_runs",
    "load_experiment",
    "load_picture",
    "load_run",
    "load_sweep",
    "load_trials",
    "paint",
    "preset",
    "resume",
    "sweep",
    "train",
    "train_many",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'sfumato' has no attribute {name!r}")
    return getattr(import_module(f"sfumato.{module}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
