"""The connection of this process to a Ray cluster, which leaves no trace in the process when it ends."""

from __future__ import annotations

import logging
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sfumato.cores import available_cores
from sfumato.errors import RunError, SfumatoError
from sfumato.log import LOG

NO_RAY = "the executor ray needs Ray, which is not installed: pip install 'sfumato[cluster]'"

CONNECT_SECONDS = 10.0

STORE_BYTES = 100_000_000
"""Size of the object store of a cluster that is started here: Ray asks for 75 MB. What does not fit goes to disk."""


def load_ray() -> Any:
    """Import Ray. Raises SfumatoError if it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
    except ImportError:
        raise SfumatoError(NO_RAY) from None
    return ray


def connect(address: str, workers: int, runtime_env: dict[str, Any] | None) -> Callable[[], None]:
    """Connect to a cluster, or start one; return the function that disconnects. Raises RunError."""
    ray = load_ray()
    if ray.is_initialized():
        return lambda: None
    options: dict[str, Any] = {
        "log_to_driver": False,
        "configure_logging": False,
        "logging_level": "ERROR",
        "runtime_env": runtime_env,
    }
    before = dict(os.environ)
    # Ray sends statistics of its use unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with _as_before():
        try:
            _init(ray, address, workers or available_cores(), options)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise no_cluster(address, error) from None
    restore = _print_to_log(ray)
    changed = [name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name)]

    def disconnect() -> None:
        with _as_before():
            ray.shutdown()
        restore()
        for name in changed:
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]

    return disconnect


def _print_to_log(ray: Any) -> Callable[[], None]:
    """Send what Ray prints in the driver, such as that a node was lost, to the log; return the function that ends that.

    Ray prints to the standard output, also with ``log_to_driver=False``, and has no setting for it; the standard output
    is for results.
    """
    place, name = ray._private.worker, "print_to_stdstream"
    before = getattr(place, name, None)

    def log(data: Mapping[str, Any], *_: object, **__: object) -> None:
        LOG.info("Ray: %s", " ".join(" ".join(map(str, data["lines"])).split()))

    if before is None:
        # A later version prints elsewhere.
        return lambda: None
    setattr(place, name, log)
    return lambda: setattr(place, name, before)


def no_cluster(address: str, error: Exception) -> RunError:
    """Return the error about an address where no cluster is."""
    return RunError(
        f"executor must be ray, ray:local, or ray:HOST:PORT of a cluster that runs. Got {address!r}: {line_of(error)}"
    )


def _init(ray: Any, address: str, workers: int, options: dict[str, Any]) -> None:
    if address not in ("auto", "local"):
        ray.init(address=address, **options)
        return
    if address == "auto":
        try:
            ray.init(address="auto", **options)
        except ConnectionError:
            pass
        else:
            return
    ray.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        object_store_memory=STORE_BYTES,
        # Other machines have no business with it.
        _node_ip_address="127.0.0.1",
        **options,
    )


@contextmanager
def _as_before() -> Iterator[None]:
    """Keep Ray quiet in the block, and restore the handler of SIGTERM, which it replaces."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM) if in_main_thread else None
    logger = logging.getLogger("ray")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        if in_main_thread and handler is not None:
            signal.signal(signal.SIGTERM, handler)


def line_of(error: object) -> str:
    """Return what an error of Ray says, in one line."""
    # Ray's messages have many lines, of which the first sentence says what is wrong.
    lines: Sequence[str] = str(error).strip().splitlines() or [type(error).__name__]
    sentence, _, _ = " ".join(lines[0].split()).partition(". ")
    return sentence[:300].removesuffix(".") + "."
