"""The study of Optuna that holds what a sweep has tried: in a database beside it, or at another address."""

from __future__ import annotations

import json
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.errors import RunError, SfumatoError
from sfumato.lab.sweep.space import Space
from sfumato.lab.sweep.spec import OBJECTIVES, Spec

if TYPE_CHECKING:
    import optuna

DATABASE = "sweep.db"
OWNER = "owner"
"""Attribute of a trial: the sweep's folder and machine, whose process may have been killed."""
NO_OPTUNA = "a sweep needs Optuna, which is not installed: pip install 'sfumato[lab]'"


def load_optuna() -> Any:
    """Import Optuna, silently. Raises SfumatoError if it is not installed."""
    try:
        import optuna
    except ImportError:
        raise SfumatoError(NO_OPTUNA) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def default_storage(folder: Path) -> str:
    """Return the address of the database in a sweep's folder."""
    return f"sqlite:///{(folder / DATABASE).absolute()}"


@dataclass(frozen=True)
class Database:
    """An open study."""

    study: optuna.Study
    release: Callable[[], None]
    """Closes the connection of the calling thread, which opens another one when it needs it."""


@contextmanager
def opened(spec: Spec, storage: str, name: str) -> Iterator[Database]:
    """Yield the study, created if it is missing, and close its connections at the end.

    Raises RunError where the storage cannot be opened.
    """
    optuna = load_optuna()
    try:
        with warnings.catch_warnings():
            # Some samplers are marked as experimental.
            warnings.simplefilter("ignore")
            database = optuna.storages.RDBStorage(storage, engine_kwargs=_engine(storage))
            study = optuna.create_study(
                storage=database,
                pruner=_pruner(optuna, spec),
                study_name=name,
                directions=[OBJECTIVES[objective] for objective in spec.objectives],
                load_if_exists=True,
            )
            # A sweep that is continued must not draw again what it has drawn.
            study.sampler = _sampler(optuna, spec, len(study.get_trials(deepcopy=False)))
    except Exception as error:
        # SQLAlchemy and the drivers of databases raise errors of their own kinds.
        reason = " ".join(str(error).split())[:300]
        raise RunError(f"storage must be a database that Optuna can open. Got {_shown(storage)}: {reason}") from None
    try:
        yield Database(study, database.remove_session)
    finally:
        database.remove_session()
        database.engine.dispose()


def owner(folder: Path) -> str:
    """Return the name under which this folder's process tries configurations."""
    return f"{socket.gethostname()}:{folder.absolute()}"


def requeue_abandoned(study: optuna.Study, name: str) -> int:
    """Queue again what a killed process of this folder was training; return how many configurations."""
    optuna = load_optuna()
    running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    found = [each for each in running if each.user_attrs.get(OWNER) == name]
    for each in found:
        study.tell(each.number, state=optuna.trial.TrialState.FAIL, skip_if_finished=True)
        if each.params:
            study.enqueue_trial(each.params)
    return len(found)


def queue_grid(study: optuna.Study, space: Space) -> None:
    """Queue every combination of a finite space that is not there yet."""
    known = {json.dumps(_parameters(each), sort_keys=True) for each in study.get_trials(deepcopy=False)}
    for combination in space.combinations():
        if json.dumps(combination, sort_keys=True) not in known:
            study.enqueue_trial(combination)


def _parameters(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """Return the parameters of a trial, also of one that only waits."""
    return trial.params or trial.system_attrs.get("fixed_params", {})


def finished(study: optuna.Study) -> Sequence[optuna.trial.FrozenTrial]:
    """Return the configurations that have been tried, pruned ones included, in order."""
    optuna = load_optuna()
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=states)


def _sampler(optuna: Any, spec: Spec, tried: int) -> Any:
    seed = (spec.base.seed + tried) % 2**32
    match spec.sampler:
        case "tpe":
            return optuna.samplers.TPESampler(seed=seed)
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)
        case "sobol":
            # The database holds the place in the sequence, which depends on the seed.
            return optuna.samplers.QMCSampler(qmc_type="sobol", scramble=True, seed=spec.base.seed % 2**32)
        case "cma-es":
            return optuna.samplers.CmaEsSampler(seed=seed)
        case _:
            # All combinations are queued beforehand.
            return optuna.samplers.RandomSampler(seed=seed)


def _pruner(optuna: Any, spec: Spec) -> Any:
    match spec.pruner:
        case "median":
            return optuna.pruners.MedianPruner()
        case "halving":
            return optuna.pruners.SuccessiveHalvingPruner()
        case _:
            return optuna.pruners.NopPruner()


def _engine(storage: str) -> Mapping[str, Any]:
    # Several threads write; SQLite's own limit of 5 seconds is short on a busy disk.
    return {"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else {}


def _shown(storage: str) -> str:
    """Return an address without its password."""
    before, at, after = storage.rpartition("@")
    if not at:
        return storage
    scheme, _, user = before.partition("://")
    return f"{scheme}://{user.partition(':')[0]}:***@{after}"
