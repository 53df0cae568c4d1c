"""Numba's cache on disk, one that nothing on the disk can make fail: at worst, a function is compiled anew.

It differs from Numba's own in what happens when something is wrong. Where neither the package's folder nor the user's
cache can be written, as in a container with another user's id, compiled code goes to the temporary folder. A full disk
or a forbidden file costs a line, not the training. Every file carries a checksum and is found by its content, not
by a number in an index that two processes write at once.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    IPythonCacheLocator,
    NullCache,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
    ZipCacheLocator,
)
from numba.core.serialize import dumps

from sfumato.log import LOG

_REMEDY = "Set NUMBA_CACHE_DIR to a folder that can be written to keep it."
_DIGEST = hashlib.sha256().digest_size
_told = False


def cache_of(function: Callable[..., Any]) -> Any:
    """Return the cache for what is compiled of a function."""
    try:
        return _Cache(function)
    except (RuntimeError, OSError):
        # No place at all: Numba's own words are about files that nobody asked for.
        return _Nowhere()


def _tell(what: str) -> None:
    global _told
    if not _told:
        _told = True
        LOG.warning("%s %s", what, _REMEDY)


class _Nowhere(NullCache):
    def save_overload(self, sig: Any, cres: Any) -> None:
        super().save_overload(sig, cres)
        _tell("compiled code is not kept: no folder for it can be written; every process compiles anew.")


class _UserWide(UserWideCacheLocator):
    def ensure_cache_path(self) -> None:
        # Without a home this would be a folder named ~ wherever the process happens to be.
        if not Path(self.get_cache_path()).is_absolute():
            raise FileNotFoundError
        super().ensure_cache_path()


class _Temporary(UserWideCacheLocator):
    """A folder of this user alone in the temporary folder: what lies there is run, so nobody else may write to it."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        super().__init__(py_func, py_file)
        self._own = Path(tempfile.gettempdir()) / f"sfumato-{os.getuid() if hasattr(os, 'getuid') else 'kernels'}"
        self._cache_path = str(self._own / self.get_suitable_cache_subpath(py_file))

    def ensure_cache_path(self) -> None:
        self._own.mkdir(mode=0o700, exist_ok=True)
        found = self._own.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
            raise PermissionError
        super().ensure_cache_path()


class _Result(CompileResultCacheImpl):
    _locator_classes = [  # noqa: RUF012
        UserProvidedCacheLocator,
        InTreeCacheLocator,
        _UserWide,
        IPythonCacheLocator,
        ZipCacheLocator,
        _Temporary,
    ]


class _Cache(FunctionCache):
    _impl_class = _Result

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _Files(
            Path(self._cache_path), self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            _tell(f"compiled code is not kept in {self.cache_path}: {reason}; every process compiles anew.")
        else:
            if isinstance(self._impl.locator, _Temporary):
                _tell(f"compiled code is kept in {self.cache_path} only: no other folder for it can be written.")


class _Files:
    """A file for each signature and processor of a function: a checksum, then what it was compiled from, and the code.

    In place of `numba.core.caching.IndexDataCacheFile`.
    """

    def __init__(self, folder: Path, base: str, source: Any) -> None:
        self._folder, self._base = folder, base
        self._made_of = (numba.__version__, sys.version_info[:3], source)

    def flush(self) -> None:
        """Delete all."""
        for path in self._folder.glob(f"{self._base}.*"):
            with suppress(OSError):
                path.unlink()

    def save(self, key: Any, data: Any) -> None:
        """Keep ``data`` under ``key``: signature, processor, and hashes of the function and of what it closes over."""
        content = pickle.dumps((self._made_of, key[-1])) + dumps(data)
        path = self._path(key)
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
        try:
            partial.write_bytes(hashlib.sha256(content).digest() + content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def load(self, key: Any) -> Any:
        """Return what was kept under ``key``; None where that is nothing, or not whole, or made of other source."""
        try:
            whole = self._path(key).read_bytes()
        except OSError:
            return None
        digest, content = whole[:_DIGEST], whole[_DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            return None
        reader = BytesIO(content)
        made_of = pickle.load(reader)
        return pickle.load(reader) if made_of == (self._made_of, key[-1]) else None

    def _path(self, key: Any) -> Path:
        # The same file for the next version of the source: outdated code is replaced.
        name = hashlib.sha256(repr(key[:-1]).encode()).hexdigest()[:20]
        return self._folder / f"{self._base}.{name}.nbc"
