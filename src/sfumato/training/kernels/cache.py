"""A version of Numba's cache on disk that never fails: at worst, a function is compiled again.

It differs from Numba's own in its treatment of errors. If neither the package's folder nor the user's cache is
writable, as in a container with another user's id, compiled code goes to the temporary folder. A full disk or a
forbidden file costs a warning, not the training. Every file has a checksum and is found by a hash of its key, not by a
number in an index that two processes may write at once.
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

_REMEDY = "Set NUMBA_CACHE_DIR to a writable folder to keep it."
_DIGEST = hashlib.sha256().digest_size
_warned = False


def cache_of(function: Callable[..., Any]) -> Any:
    """Return the cache for the compiled versions of a function."""
    try:
        return _Cache(function)
    except (RuntimeError, OSError):
        # No writable folder at all: the message of Numba's error names files that the user does not know.
        return _NoCache()


def _warn_once(problem: str) -> None:
    global _warned
    if not _warned:
        _warned = True
        LOG.warning("%s %s", problem, _REMEDY)


class _NoCache(NullCache):
    def save_overload(self, sig: Any, cres: Any) -> None:
        super().save_overload(sig, cres)
        _warn_once("compiled code is not kept: no folder for it is writable; every process compiles again.")


class _UserWide(UserWideCacheLocator):
    def ensure_cache_path(self) -> None:
        # Without a home directory this would be a folder named ~ in the current directory.
        if not Path(self.get_cache_path()).is_absolute():
            raise FileNotFoundError
        super().ensure_cache_path()


class _Temporary(UserWideCacheLocator):
    """A private folder in the temporary folder: its files are executed, so no other user may write to it."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        super().__init__(py_func, py_file)
        self._user_folder = (
            Path(tempfile.gettempdir()) / f"sfumato-{os.getuid() if hasattr(os, 'getuid') else 'kernels'}"
        )
        self._cache_path = str(self._user_folder / self.get_suitable_cache_subpath(py_file))

    def ensure_cache_path(self) -> None:
        self._user_folder.mkdir(mode=0o700, exist_ok=True)
        found = self._user_folder.lstat()
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
            _warn_once(f"compiled code is not kept in {self.cache_path}: {reason}; every process compiles again.")
        else:
            if isinstance(self._impl.locator, _Temporary):
                _warn_once(f"compiled code is kept in {self.cache_path} only: no other folder for it is writable.")


class _Files:
    """One file per signature and processor of a function: a checksum, the origin of the code, and the code.

    This replaces `numba.core.caching.IndexDataCacheFile`.
    """

    def __init__(self, folder: Path, base: str, source: Any) -> None:
        self._folder, self._base = folder, base
        self._origin = (numba.__version__, sys.version_info[:3], source)

    def flush(self) -> None:
        """Delete all files of the function."""
        for path in self._folder.glob(f"{self._base}.*"):
            with suppress(OSError):
                path.unlink()

    def save(self, key: Any, data: Any) -> None:
        """Store ``data`` under ``key``: signature, processor, and hashes of the function and of its closure."""
        content = pickle.dumps((self._origin, key[-1])) + dumps(data)
        path = self._path(key)
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
        try:
            partial.write_bytes(hashlib.sha256(content).digest() + content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def load(self, key: Any) -> Any:
        """Return the data stored under ``key``, or None if it is missing, damaged, or compiled from other source."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        digest, content = data[:_DIGEST], data[_DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            return None
        reader = BytesIO(content)
        origin = pickle.load(reader)
        return pickle.load(reader) if origin == (self._origin, key[-1]) else None

    def _path(self, key: Any) -> Path:
        # The next version of the source has the same file name, so outdated code is replaced.
        name = hashlib.sha256(repr(key[:-1]).encode()).hexdigest()[:20]
        return self._folder / f"{self._base}.{name}.nbc"
