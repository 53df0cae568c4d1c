"""Every executor trains the same trials to the same numbers, takes them as it can train them, and reports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from sfumato.lab.executors.executor import ReportingExecutor
from sfumato.lab.executors.folder.executor import SharedFolder
from sfumato.lab.executors.folder.worker import work
from tests.lab.small_plan import small_plan

PLAN = small_plan({}, {"model": {"width": 9}}, seeds=3)


@contextmanager
def shared_folder(path: Path) -> Iterator[ReportingExecutor]:
    """Yield the executor of a folder with one worker, which is a thread of this process."""
    path.mkdir()
    ended = threading.Event()
    worker = threading.Thread(target=work, args=(path, 2), kwargs={"stop": ended.is_set})
    worker.start()
    try:
        yield SharedFolder(path)
    finally:
        ended.set()
        worker.join()


def opened(name: str, path: Path) -> AbstractContextManager[ReportingExecutor]:
    with ExitStack() as stack:
        match name:
            case "threads":
                stack.push(None)  # pyright: ignore[reportArgumentType]
            case _:
                pass
    raise AssertionError
