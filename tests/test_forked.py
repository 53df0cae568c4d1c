"""Children of a process that has trained, and results that are sent between processes."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import sfumato as sf
from tests.small import SMALL, picture

PROGRAM = """
import multiprocessing, sys
import sfumato as sf
from tests.small import SMALL, picture

def last(engine):
    changes = SMALL | {"engine": engine, "threads": 2, "training": SMALL["training"] | {"batch": 128}}
    return [snapshot.weights() for snapshot in sf.train(picture(12, 12), **changes)][-1]

def child(queue, engine):
    queue.put({name: array.tobytes() for name, array in last(engine).items()})

if __name__ == "__main__":
    engines = sys.argv[1:]
    here = {engine: last(engine) for engine in engines}
    context = multiprocessing.get_context("fork")
    for engine in engines:
        queue = context.Queue()
        process = context.Process(target=child, args=(queue, engine))
        process.start()
        assert queue.get(timeout=100) == {name: array.tobytes() for name, array in here[engine].items()}, engine
        process.join(100)
        assert process.exitcode == 0
    print("done")
"""


@pytest.mark.slow
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_children_of_a_process_that_has_trained_can_train(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), "fused", "autograd"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1", "PATH": ""}
    # A regression: the child waited forever for threads that existed only in its parent.
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"


@pytest.mark.slow
def test_results_can_be_copied_and_sent(tmp_path: Path) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", **SMALL)
    diagnosis = sf.check(picture(), **SMALL)
    *_, last = sf.train(picture(), **SMALL)
    for copied in (lambda each: pickle.loads(pickle.dumps(each)), copy.deepcopy, copy.copy):
        again = copied(run)
        assert again == run
        assert again.summary() == run.summary()
        assert copied(run.recipe) == run.recipe
        assert copied(diagnosis).summary() == diagnosis.summary()
        assert last.evaluation is not None
        assert (copied(last.evaluation).painting == last.evaluation.painting).all()
        assert repr(copied(last.stats())) == repr(last.stats())
        assert str(copied(sf.RunError("no"))) == "no"


def test_a_snapshot_cannot_be_copied_and_says_what_can() -> None:
    *_, last = sf.train(picture(), **SMALL)
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match=r"weights\(\)"):
            copied(last)
