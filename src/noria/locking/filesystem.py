"""Locks between the processes that share a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from noria.backend.processes import boot_id, host_name, start_time
from noria.core import clock
from noria.core.hashing import blake2b
from noria.core.jsontext import from_json, to_json
from noria.engine.locks import BaseLockManager

__all__ = ["FileSystemLockManager"]

_GUARD = ".guard"
_PLAIN = re.compile(r"[\w.\- ]{1,120}")


class FileSystemLockManager(BaseLockManager):
    """Locks that are files in a folder, for all processes of a host that share it.

    A lock ends with the process that holds it. A process of another host that has died without a
    word holds its locks until `hold_timeout`, or until somebody removes the file.

    Parameters:
        lock_files_directory: The folder; made when the first lock is taken.

    Example:
        >>> import tempfile
        >>> locks = FileSystemLockManager(tempfile.mkdtemp())
        >>> locks.acquire_lock("report", holder="me")
        True
        >>> locks.is_lock_holder("report", "me"), locks.is_lock_holder("report", "you")
        (True, False)
        >>> locks.release_lock("report", holder="me")
    """

    def __init__(self, lock_files_directory: str | os.PathLike[str]) -> None:
        super().__init__()
        self.lock_files_directory = Path(lock_files_directory).expanduser().resolve()

    def __reduce__(self) -> Any:
        return type(self), (self.lock_files_directory,)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileSystemLockManager):
            return NotImplemented
        return self.lock_files_directory == other.lock_files_directory

    def __hash__(self) -> int:
        return hash(self.lock_files_directory)

    def __repr__(self) -> str:
        return f"FileSystemLockManager({str(self.lock_files_directory)!r})"

    def holder_of(self, key: str) -> str | None:
        """Who holds a lock."""
        return _holder_in(self._path(key))

    def take(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        """Take a lock that is free."""
        path = self._path(key)
        if _holder_in(path) not in (None, holder):
            return False
        with self._guarded():
            if _holder_in(path) not in (None, holder):
                return False
            _write(path, _facts(key, holder, hold_timeout))
            return True

    def give(self, key: str, holder: str) -> bool:
        """Give a lock back."""
        path = self._path(key)
        if not self.lock_files_directory.is_dir():
            return False
        with self._guarded():
            if _holder_in(path) != holder:
                return False
            path.unlink()
            return True

    def is_locked(self, key: str, use_cache: bool = False) -> bool:
        """Whether anybody holds a lock.

        Parameters:
            key: What may be locked.
            use_cache: Accepted for compatibility; the file tells.
        """
        return super().is_locked(key)

    def _path(self, key: str) -> Path:
        name = key
        if not _PLAIN.fullmatch(key) or key.startswith("."):
            name = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self.lock_files_directory / f"{name}.lock"

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Be the only one who looks and writes; the system lets go for who dies meanwhile."""
        import fcntl  # noqa: PLC0415 - not there on every system

        self.lock_files_directory.mkdir(parents=True, exist_ok=True)
        with open(self.lock_files_directory / _GUARD, "ab") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield


def _facts(key: str, holder: str, hold_timeout: float | None) -> dict[str, Any]:
    pid = os.getpid()
    expires = None if hold_timeout is None else clock.now() + int(hold_timeout * 1_000_000)
    return {
        "key": key,
        "holder": holder,
        "expires": expires,
        "host": host_name(),
        "boot": boot_id(),
        "pid": pid,
        "started": start_time(pid),
    }


def _write(path: Path, facts: dict[str, Any]) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(to_json(facts), encoding="utf-8")
    # Who looks without the guard never sees half of it.
    os.replace(part, path)


def _holder_in(path: Path) -> str | None:
    try:
        facts = from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if facts["expires"] is not None and facts["expires"] <= clock.now():
        return None
    here = facts["host"] == host_name() and facts["boot"] == boot_id()
    if here and facts["started"] and start_time(facts["pid"]) != facts["started"]:
        return None
    holder: str = facts["holder"]
    return holder
