"""The study of Optuna that holds what a sweep has tried: in a database beside it, or at another address."""

from __future__ import annotations

import importlib.util
import json
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.errors import RunError
from sfumato.lab import optuna_loading
from sfumato.lab.sweep.space import Space
from sfumato.lab.sweep.spec import OBJECTIVES, Spec

if TYPE_CHECKING:
    import optuna

DATABASE = "sweep.db"
OWNER = "owner"
"""Attribute of a trial: the sweep's folder and machine, whose process may have been killed."""
TRIALS = "trials"
"""Attribute of the study: the configurations that the last start was to reach, for those who watch."""


def load_optuna() -> Any:
    """Import Optuna, silently. Raises SfumatoError if it is not installed."""
    return optuna_loading.load_optuna("a sweep")


def default_storage(folder: Path) -> str:
    """Return the address of the database in a sweep's folder."""
    from sqlalchemy import URL

    # A folder's name may have characters with a meaning in an address.
    return URL.create("sqlite", database=str((folder / DATABASE).absolute())).render_as_string(hide_password=False)


@dataclass(frozen=True)
class Database:
    """An open study."""

    study: optuna.Study
    release: Callable[[], None]
    """Closes the connection of the calling thread, which opens another one when it needs it."""


@contextmanager
def opened(spec: Spec, storage: str, name: str, *, create: bool = True) -> Iterator[Database]:
    """Yield the study, with ``create`` created if it is missing, and close its connections at the end.

    Raises RunError where the storage cannot be opened, or fails later.
    """
    optuna = load_optuna()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        _check(spec, storage, create=create)
        with warnings.catch_warnings():
            # Some samplers are marked as experimental.
            warnings.simplefilter("ignore")
            database = optuna.storages.RDBStorage(storage, engine_kwargs=_engine(storage))
            if create:
                directions = [OBJECTIVES[objective] for objective in spec.objectives]
                study = optuna.create_study(
                    storage=database, study_name=name, directions=directions, load_if_exists=True
                )
            else:
                study = optuna.load_study(storage=database, study_name=name)
            study.pruner = _pruner(optuna, spec)
            # A sweep that is continued must not draw again what it has drawn.
            study.sampler = _sampler(optuna, spec, len(study.get_trials(deepcopy=False)))
    except Exception as error:
        # SQLAlchemy and the drivers of databases raise errors of their own kinds.
        reason = " ".join(str(error).split())[:300]
        shown = without_password(storage)
        raise RunError(f"storage must be a database that Optuna can open. Got {shown}: {reason}") from None
    try:
        yield Database(study, database.remove_session)
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(f"the database {without_password(storage)} failed: {reason}") from None
    finally:
        database.remove_session()
        database.engine.dispose()


def owner(folder: Path) -> str:
    """Return the name under which this folder's process tries configurations."""
    return f"{socket.gethostname()}:{folder.absolute()}"


def requeue_abandoned(study: optuna.Study, name: str | None) -> int:
    """Queue again what a killed process was training; return how many configurations.

    ``name``: that of this folder, where others may use the database too; None where nobody else does.
    """
    optuna = load_optuna()
    running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    found = [each for each in running if name is None or each.user_attrs.get(OWNER) == name]
    for each in found:
        study.tell(each.number, state=optuna.trial.TrialState.FAIL, skip_if_finished=True)
        if parameters := _parameters(each):
            study.enqueue_trial(parameters)
    return len(found)


def queue_grid(study: optuna.Study, space: Space) -> None:
    """Queue every combination of a finite space that is not there yet."""
    state = load_optuna().trial.TrialState
    # What failed was abandoned, and is queued again.
    states = (state.COMPLETE, state.PRUNED, state.WAITING, state.RUNNING)
    known = {json.dumps(_parameters(each), sort_keys=True) for each in study.get_trials(deepcopy=False, states=states)}
    for combination in space.combinations():
        if json.dumps(combination, sort_keys=True) not in known:
            study.enqueue_trial(combination)


def _parameters(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """Return the parameters of a trial, also of one that only waits, or was abandoned before it had them all."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


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
            return optuna.samplers.QMCSampler(
                qmc_type="sobol",
                scramble=True,
                seed=spec.base.seed % 2**32,
                independent_sampler=optuna.samplers.RandomSampler(seed=seed),
            )
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


def without_password(storage: str) -> str:
    """Return an address without its password, which is neither shown nor stored."""
    before, at, after = storage.rpartition("@")
    if not at:
        return storage
    scheme, separator, user = before.partition("://")
    return f"{scheme}://{user.partition(':')[0]}@{after}" if separator else f"...@{after}"


def _check(spec: Spec, storage: str, *, create: bool) -> None:
    """Raise ValueError for a database that is not there, or a sampler that is not installed."""
    from sqlalchemy.engine import make_url

    url = make_url(storage)
    is_file = url.drivername.startswith("sqlite") and url.database not in (None, "", ":memory:")
    if is_file and not create and not Path(str(url.database)).exists():
        raise ValueError("the file is not there; restore it")
    if spec.sampler == "cma-es" and importlib.util.find_spec("cmaes") is None:
        raise ValueError("the sampler cma-es needs the package cmaes: pip install 'sfumato[lab]'")
