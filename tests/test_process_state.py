"""The caller's process settings change no run, and no run changes them."""

from __future__ import annotations

import gc
import locale
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sfumato as sf
from sfumato import process_state
from sfumato.training.diagnosis import trial_run
from tests.small import SMALL, picture


@contextmanager
def setting(set_value: Callable[..., object], value: Any, previous: Any) -> Iterator[None]:
    set_value(value)
    try:
        yield
    finally:
        set_value(previous)


@contextmanager
def everything_set() -> Iterator[None]:
    """Change all settings at once that a program may change."""
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("error")
        for one in (
            np.errstate(all="raise"),
            setting(torch.set_num_threads, 3, torch.get_num_threads()),
            setting(torch.set_flush_denormal, True, False),
            setting(torch.set_default_dtype, torch.float64, torch.float32),
            setting(torch.use_deterministic_algorithms, True, False),
            setting(torch.set_float32_matmul_precision, "medium", "highest"),
            setting(torch.autograd.set_detect_anomaly, True, False),
            torch.autocast("cpu", torch.bfloat16),
            torch.no_grad(),
            torch.inference_mode(),
            setting(torch.set_default_device, "meta", None),
        ):
            stack.enter_context(one)
        yield


def state() -> dict[str, Any]:
    """Return the settings of the process, and the states of its random generators."""
    return {
        "threads": torch.get_num_threads(),
        "type": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "anomalies": torch.is_anomaly_enabled(),
        "flushed": process_state.flushes_subnormals(),
        "numpy": np.geterr(),
        "filters": list(warnings.filters),
        "environment": dict(os.environ),
        "signals": [signal.getsignal(each) for each in sorted(signal.valid_signals())],
        "garbage": gc.get_threshold(),
        "locale": locale.setlocale(locale.LC_ALL),
        "folder": Path.cwd(),
        "random": random.getstate(),
        "numpy random": str(np.random.get_state()),  # noqa: NPY002
        "torch random": bytes(torch.random.get_rng_state().numpy()),
    }


def settings() -> dict[str, Any]:
    """Return `state` without the entries that the first import of a library changes."""
    return {name: value for name, value in state().items() if name not in ("filters", "environment")}


def bits(arrays: dict[str, Any]) -> list[bytes]:
    return [array.tobytes() for array in arrays.values()]


def paint(folder: Path) -> Any:
    before, unchanged = settings(), list[bool]()

    def record(*_: object) -> Any:
        unchanged.append(settings() == before)
        return False

    class Recorder(sf.Observer[Any]):
        def begin(self, start: sf.Start) -> None:
            record()

        def observe(self, snapshot: Any) -> None:
            record()

        def finish(self, status: str) -> None:
            record()

        def due(self, snapshot: Any) -> bool:
            record()
            return True

    run = sf.paint(picture(), runs=folder, film="gif", observers=[record, Recorder()], stop=record, **SMALL)
    assert len(unchanged) > 9
    # The caller's functions run with the caller's settings, too.
    assert all(unchanged)
    again = sf.load_run(run.folder)
    network, _ = again.model()
    # Which moments a film has depends on how long writing them took.
    assert (run.folder / "learning.gif").exists()
    files = [(run.folder / name).read_bytes() for name in ("painting.png", "picture.npy")]
    return [*files, *(value.detach().numpy().tobytes() for value in network.state_dict().values())]


def train(_: Path) -> Any:
    before, parts = settings(), list[Any]()
    for snapshot in sf.train(picture(), **SMALL):
        # The settings are the caller's between two snapshots, and after methods of a snapshot.
        assert settings() == before
        values = [snapshot.painting().tobytes(), *bits(snapshot.weights()), repr(snapshot.stats())]
        assert settings() == before
        # The positions of the other snapshots depend on how long the steps took.
        if snapshot.evaluation is not None:
            parts += [snapshot.step, *values]
    assert len(parts) > 3
    next(sf.train(picture(), **SMALL))
    return parts


def resume(folder: Path) -> Any:
    run = sf.paint(picture(), runs=folder, film="none", stop=lambda: True, **SMALL)
    assert run.status == "stopped"
    return sf.resume(run.folder, film="none").painting.tobytes()


def fit(folder: Path) -> Any:
    generator = torch.Generator().manual_seed(1)
    with process_state.library_settings():
        module = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.rand(parameter.shape, generator=generator))
    before = torch.random.get_rng_state()
    run = sf.fit(module, picture(), runs=folder, film="none", **SMALL)
    assert torch.random.get_rng_state().numpy().tobytes() == before.numpy().tobytes()
    return run.painting.tobytes()


def check(_: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        # Limited by steps instead of seconds, so that two trial runs are equal on a busy machine, too.
        patch.setattr(trial_run, "SECONDS", 1e6)
        patch.setattr(trial_run, "VISITS", 12)
        return sf.check(picture(), **SMALL).summary()


def train_many(_: Path) -> Any:
    recipes = [{"seed": 1}, {"seed": 2}]
    every = sf.train_many(picture(), recipes=recipes, **{**SMALL, "engine": "concurrent", "budget": {"epochs": 1}})
    ended = {index: bits(snapshot.weights()) for index, snapshot in every if snapshot.ended}
    return [ended[index] for index in sorted(ended)]


def load_picture(_: Path) -> Any:
    return [sf.load_picture(picture()).tobytes(), sf.load_picture("cat").tobytes()]


@pytest.mark.slow
@pytest.mark.usefixtures("curves")
@pytest.mark.parametrize("entry", [paint, train, resume, fit, check, train_many, load_picture])
def test_settings_change_no_run_and_no_run_changes_settings(tmp_path: Path, entry: Callable[[Path], Any]) -> None:
    expected = entry(tmp_path / "plain")
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002
    with everything_set():
        before = state()
        found = entry(tmp_path / "set")
        after = state()
    if entry is fit:
        # Creating the network drew random numbers; training it did not.
        after["torch random"] = before["torch random"]
    assert after == before
    assert found == expected


@pytest.mark.slow
def test_a_default_device_changes_nothing(tmp_path: Path) -> None:
    expected = train(tmp_path)
    with torch.device("meta"):
        assert train(tmp_path) == expected
        assert torch.get_default_device().type == "meta"


def test_an_error_restores_all_settings() -> None:
    before = torch.get_num_threads(), torch.get_default_dtype()
    with setting(torch.set_num_threads, 2, before[0]):
        for wrong in (lambda: sf.paint("no such picture"), lambda: sf.check(np.zeros((1, 1)))):
            with pytest.raises(sf.PictureError):
                wrong()
        assert torch.get_num_threads() == 2


def test_the_last_of_several_threads_restores_process_settings() -> None:
    entered, leave = threading.Barrier(3), threading.Event()

    def work() -> None:
        with process_state.library_settings():
            entered.wait(30)
            leave.wait(30)

    with setting(torch.set_default_dtype, torch.float64, torch.float32):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for each in threads:
            each.start()
        entered.wait(30)
        assert torch.get_default_dtype() == torch.float32
        leave.set()
        for each in threads:
            each.join(30)
        assert torch.get_default_dtype() == torch.float64


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["widget", "module://a_notebook.that_is_not_here", "agg"])
def test_an_unavailable_matplotlib_backend_breaks_no_figure(tmp_path: Path, backend: str) -> None:
    program = (
        "import sys; from pathlib import Path; import numpy as np; from sfumato.render import curve, painting\n"
        "curve.write_curve(Path(sys.argv[1]), []); painting.error_colors(np.zeros((2, 2)))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "import os, matplotlib; print(os.environ['MPLBACKEND'], dict.__getitem__(matplotlib.rcParams, 'backend'))"
    )
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "curve.svg")]
    environment = os.environ | {"MPLBACKEND": backend}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # The backend of the caller's figures is unchanged.
    assert done.stdout.split()[0] == backend
    if backend != "widget":
        assert done.stdout.split()[1] == backend
