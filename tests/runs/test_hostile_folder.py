"""Tests of damaged or malicious run folders: each is refused in one line, and not changed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import sfumato as sf
from sfumato import memory, models
from sfumato.render import learning, rendering
from sfumato.render.film_options import FilmOptions
from sfumato.render.painter import Painter
from sfumato.render.render_options import RenderOptions
from sfumato.runs import checkpoints, requests, weights
from sfumato.runs.files import remove_partial_files
from sfumato.runs.observers import RunRecord
from tests.small import SMALL, picture

pytestmark = pytest.mark.slow

Damage = Callable[[Path], Any]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that can be resumed, and has a frame."""
    folder = tmp_path_factory.mktemp("hostile")
    run = sf.paint(picture(), runs=folder, film="none", stop=lambda: True, **SMALL)
    assert list(run.folder.glob("frames/*.png"))
    return run.folder


@pytest.fixture
def folder(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped, tmp_path / "run"))


def refused(use: Callable[[], Any], folder: Path) -> str:
    before = digests(folder)
    with pytest.raises(sf.RunError) as caught:
        use()
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 700
    assert str(folder) in line or "checkpoint" in line
    assert digests(folder) == before
    return line


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def fact(value: Any, *names: str) -> Damage:
    def damage(folder: Path) -> None:
        facts = json.loads((folder / "run.json").read_text())
        inner = facts
        for name in names[:-1]:
            inner = inner[name]
        inner[names[-1]] = value
        if value is KeyError:
            del inner[names[-1]]
        (folder / "run.json").write_text(json.dumps(facts))

    return damage


FACTS: dict[str, tuple[Damage, str]] = {
    "no status": (fact(KeyError, "status"), "status must be text. Got None"),
    "no result": (fact(KeyError, "result"), "result must be a table or null"),
    "result of numbers": (fact([7], "result"), "result must be a table or null. Got [7]"),
    "result without metrics": (fact({}, "result"), "result epoch must be a number. Got None"),
    "psnr is text": (fact("x", "result", "psnr"), "result psnr must be a number. Got 'x'"),
    "findings": (fact("none", "findings"), "findings must be a list"),
    "resumed": (fact(7, "resumed"), "resumed must be a list. Got 7"),
    "no recipe": (fact([], "recipe"), "recipe must be a table. Got []"),
    "huge height": (fact(10**9, "picture", "height"), "picture must be of at most 128,000,000 values. Got"),
    "height": (fact(0, "picture", "height"), "picture.height must be a whole number of 1 or more. Got 0"),
    "long": (fact("x" * 100_000, "picture", "width"), "picture.width must be a whole number"),
    "wrong field": (fact(3, "recipe", "model", "dept"), "must hold a recipe: model.dept is not a field"),
    "auto": (fact("auto", "recipe", "engine"), "as it was resolved"),
    "huge": (lambda folder: (folder / "run.json").write_bytes(b" " * 1_000_001), "more than 1,000,000 bytes"),
}


@pytest.mark.parametrize("case", FACTS)
def test_run_json(case: str, folder: Path) -> None:
    damage, message = FACTS[case]
    damage(folder)
    assert message in refused(lambda: sf.resume(folder, film="none"), folder)


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, array=picture())
    return buffer.getvalue()


def declaring(shape: str) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        npz(),
        npy(np.array([{}], dtype=object)),
        npy(picture().astype(np.float64)),
        npy(picture()[:-1]),
        npy(1 - picture()),
        declaring("(1000000, 1000000, 3)"),
        declaring("(-1, 3)"),
        declaring("((((("),
        bytes(100_000),
    ],
)
def test_picture(data: bytes, folder: Path) -> None:
    (folder / "picture.npy").write_bytes(data)
    assert "must be the picture of the run" in refused(lambda: sf.resume(folder, film="none"), folder)


LINE = {"epoch": 0.0, "step": 0, "samples": 0, "seconds": 0.0, "loss": None, "psnr": 7.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"garbage\n", "line 1"),
        (b"\xff\xfe\n", "utf-8"),
        (b"7\n", "must be an object. Got 7 (line 1)"),
        (b"[" * 100_000 + b"\n", "line 1"),
        (b'{"step": 1}\n', "epoch must be a number. Got None (line 1)"),
        (json.dumps(LINE).encode() + b"\n" + json.dumps({**LINE, "step": "x"}).encode() + b"\n", "Got 'x' (line 2)"),
        (json.dumps({**LINE, "step": 0.5}).encode() + b"\n", "step must be a whole number"),
        (json.dumps({**LINE, "epoch": float("nan")}).encode() + b"\n", "epoch must be a number. Got nan"),
    ],
)
def test_metrics(text: bytes, message: str, folder: Path) -> None:
    (folder / "metrics.jsonl").write_bytes(text)
    assert message in refused(lambda: sf.resume(folder, film="none"), folder)
    assert message in refused(lambda: learning.remake(sf.load_run(folder), FilmOptions(), ignore), folder)


def ignore(name: str, done: int, total: int) -> None:
    """Ignore progress."""


def test_moments(folder: Path) -> None:
    for moment in ("[]", "[" * 100_000, '{"epoch": "x"}', json.dumps({**MOMENT, "step": "x"}), None):
        for path in folder.glob("moments/*"):
            arrays = safetensors.numpy.load(path.read_bytes())
            path.write_bytes(safetensors.numpy.save(arrays, metadata=None if moment is None else {"moment": moment}))
        line = refused(lambda: learning.remake(sf.load_run(folder), FilmOptions(), ignore), folder)
        assert "must be weights that Sfumato saved" in line


MOMENT = {"epoch": 0.0, "step": 0, "seconds": 0.0, "loss": None, "running_psnr": None, "progress": 0.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("queue", np.full(9, -(10**9))),
        ("queue", np.full(9, 10**9)),
        ("queue", np.zeros((3, 3), np.int64)),
        ("queue", np.zeros(9)),
        ("step", np.array(-1)),
        ("step", np.array(np.nan)),
        ("sampler/next", np.zeros(3, np.int64)),
        ("engine/optimizer/structure", np.frombuffer(b"[" * 9, np.uint8)),
    ],
)
@pytest.mark.parametrize("hashed", [True, False])
def test_checkpoint(name: str, value: np.ndarray, hashed: bool, folder: Path) -> None:
    path = checkpoints.files(folder)[-1]
    arrays, _ = checkpoints.load(path)
    assert name in arrays
    arrays[name] = value
    stored_hash = checkpoints._hash(arrays) if hashed else "0" * 64
    path.write_bytes(safetensors.numpy.save(arrays, metadata={"sha256": stored_hash}))
    line = refused(lambda: sf.resume(folder, film="none"), folder)
    assert ("must be one of this recipe" if hashed else "its hash is not that of its arrays") in line


@pytest.mark.parametrize("seconds", [b"", b"[]", b'{"seconds": NaN}', b"[" * 100_000, b"\xff"])
def test_seconds_of_a_checkpoint(seconds: bytes, folder: Path) -> None:
    path = checkpoints.files(folder)[-1].with_suffix(".seconds.json")
    path.write_bytes(seconds)
    assert "must be a whole checkpoint" in refused(lambda: sf.resume(folder, film="none"), folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX")
@pytest.mark.parametrize("pattern", ["run.json", "picture.npy", "metrics.jsonl", "moments/*", "checkpoints/*s"])
def test_a_pipe_is_refused_without_waiting(pattern: str, folder: Path) -> None:
    for path in list(folder.glob(pattern)):
        path.unlink()
        os.mkfifo(path)
    assert "not a regular file" in refused(lambda: sf.resume(folder, film="none"), folder)


def test_frames(folder: Path) -> None:
    (frame,) = folder.glob("frames/*.png")
    huge = bytearray(frame.read_bytes())
    for size in (9, 100_000):
        # Width and height in the header change, but its checksum does not.
        huge[16:24] = size.to_bytes(4, "big") * 2
        frame.write_bytes(huge)
        line = refused(lambda: learning.remake(sf.load_run(folder), FilmOptions(), ignore), folder)
        assert "must be a painting of the run" in line


def test_an_invalid_request_is_ignored(folder: Path) -> None:
    (folder / "request").write_bytes(b"\xff\xfe")
    assert requests.pending(folder) is None
    (folder / "request").unlink()
    os.mkfifo(folder / "request")
    assert requests.pending(folder) is None


def test_partial_files_of_a_killed_process_are_removed(folder: Path) -> None:
    partial = [
        ".run.json.1.partial",
        "frames/.000000000009.png.1.partial",
        ".learning.mp4.1.partial",
        ".a.partial",
    ]
    for name in partial:
        (folder / name).write_text("half")
    os.utime(folder / ".a.partial", (0, 0))
    sf.resume(folder, film="none")
    # Another process may be making a film, so its partial file stays for an hour.
    assert [path.name for path in folder.rglob("*.partial")] == [".learning.mp4.1.partial"]
    os.utime(folder / ".learning.mp4.1.partial", (0, 0))
    remove_partial_files(folder, [])
    assert not list(folder.rglob("*.partial"))


def test_a_lock_that_cannot_be_acquired(folder: Path) -> None:
    (folder / "lock").unlink(missing_ok=True)
    (folder / "lock").mkdir()
    with pytest.raises(sf.RunError, match=r"cannot write .*lock"):
        RunRecord(folder, sf.load_run(folder).recipe, "0", picture())
    with pytest.raises(sf.RunError, match=r"cannot write .*lock"):
        requests.send(folder, "stop")


@pytest.mark.parametrize(
    "claim", [{"width": 65536}, {"width": 20000, "depth": 1000}, {"encoding": "fourier(features=65536)"}], ids=str
)
@pytest.mark.parametrize("use", ["model", "resume", "film", "render"])
def test_no_more_memory_is_allocated_than_the_files_hold(
    claim: dict[str, Any], use: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads((folder / "run.json").read_text())
    facts["recipe"]["model"] |= claim
    (folder / "run.json").write_text(json.dumps(facts))
    # The machine has enough memory.
    monkeypatch.setattr(memory, "available", lambda: 10**15)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("no network may be built")

    for name in ("build", "build_uninitialized", "mlp"):
        monkeypatch.setattr(models, name, refuse)
    uses: dict[str, Callable[[], Any]] = {
        "model": lambda: sf.load_run(folder).model(),
        "resume": lambda: sf.resume(folder, film="none"),
        "film": lambda: Painter(sf.load_run(folder)).load(sf.load_run(folder).moments()[-1]),
        "render": lambda: rendering.render(sf.load_run(folder), RenderOptions(), lambda *_: None),
    }
    line = refused(uses[use], folder)
    assert "the recipe's network" in line or "the weights of the recipe" in line


@pytest.mark.parametrize("part", ["moments", "checkpoints"])
def test_a_sparse_file_is_not_read(part: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *_, file = sorted((folder / part).glob("*.safetensors"))
    header = json.dumps({"x": {"dtype": "U8", "shape": [10**11], "data_offsets": [0, 10**11]}}).encode()
    with file.open("wb") as sparse:
        sparse.write(len(header).to_bytes(8, "little") + header)
        sparse.truncate(8 + len(header) + 10**11)
    monkeypatch.setattr(memory, "available", lambda: 4_000_000_000)
    read = weights.load if part == "moments" else checkpoints.load
    with pytest.raises(sf.RunError, match=r"it has 100 GB, and 3\.2 GB of memory may be used"):
        read(file)
