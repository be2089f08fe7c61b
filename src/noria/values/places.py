"""Places where kept results stand as files: a folder, or whatever fsspec can reach by a URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from noria.core import clock
from noria.core.errors import ConfigurationError
from noria.core.ids import new_id

TEMPORARY_PREFIX = ".part-"
_LOCAL_SCHEMES = ("file://", "local://")


class Entry(NamedTuple):
    """A file in a place."""

    name: str
    size: int
    modified: int
    """Microseconds since the epoch."""


class Place(Protocol):
    """Where files can be written whole, read, listed and removed, by names relative to it."""

    base: str

    def address(self, name: str) -> str:
        """The path or URL of a file; a name that leads out of the place is a ValueError."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file so that nobody ever sees half of it."""

    def read(self, name: str) -> bytes:
        """The bytes of a file; FileNotFoundError when it is not there."""

    def size(self, name: str) -> int | None:
        """The size of a file, None when it is not there."""

    def touch(self, name: str) -> None:
        """Make a file as good as new, so that it is not collected as an old one."""

    def entries(self) -> Iterator[Entry]:
        """All files, those half written included."""

    def discard(self, name: str, before: int) -> int | None:
        """Remove a file that is older than a time, microseconds since the epoch. Returns its size,
        0 when it is not there, None when it is younger and stays."""


class Folder:
    """A folder of this machine.

    Args:
        base: Its path; it is made when the first file is written.
        durable: Whether a file is on the disk, not only with the system, when `write` returns.
    """

    def __init__(self, base: str, durable: bool = False) -> None:
        self.base = os.path.abspath(os.path.expanduser(base))
        self._durable = durable

    def address(self, name: str) -> str:
        """The path of a file.

        Raises:
            ValueError: `name` leads out of the folder.
        """
        path = os.path.normpath(os.path.join(self.base, os.path.expanduser(name)))
        if os.path.commonpath([self.base, path]) != self.base or path == self.base:
            raise ValueError(
                f"{name!r} would be {path}, which is outside of {self.base}. "
                "Use a name without '..' that is relative to that folder."
            )
        return path

    def write(self, name: str, data: bytes) -> None:
        """Write a file beside its name and move it there."""
        path = self.address(name)
        folder = os.path.dirname(path)
        part = os.path.join(folder, TEMPORARY_PREFIX + new_id().hex())
        os.makedirs(folder, exist_ok=True)
        try:
            with open(part, "xb") as stream:
                stream.write(data)
                if self._durable:
                    stream.flush()
                    os.fsync(stream.fileno())
            os.replace(part, path)
        except BaseException:
            _unlink(part)
            raise

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        with open(self.address(name), "rb") as stream:
            return stream.read()

    def size(self, name: str) -> int | None:
        """The size of a file."""
        try:
            return os.stat(self.address(name)).st_size
        except FileNotFoundError:
            return None

    def touch(self, name: str) -> None:
        """Set the time of a file to now."""
        os.utime(self.address(name))

    def entries(self) -> Iterator[Entry]:
        """All files, at any depth."""
        for folder, _, files in os.walk(self.base):
            for file in files:
                path = os.path.join(folder, file)
                try:
                    found = os.stat(path)
                except FileNotFoundError:
                    continue
                name = os.path.relpath(path, self.base).replace(os.sep, "/")
                yield Entry(name, found.st_size, found.st_mtime_ns // 1000)

    def discard(self, name: str, before: int) -> int | None:
        """Remove a file that is older than a time.

        Somebody may renew it between the look at its time and its removal. So it is moved aside
        first: who comes too late to renew it writes it anew, and who did in time gets it back.
        """
        path = self.address(name)
        aside = os.path.join(os.path.dirname(path), TEMPORARY_PREFIX + new_id().hex())
        try:
            if _modified(path) >= before:
                return None
            os.rename(path, aside)
        except FileNotFoundError:
            return 0
        if _modified(aside) >= before:
            os.replace(aside, path)
            return None
        size = os.stat(aside).st_size
        _unlink(aside)
        return size


class Remote:
    """A place that fsspec reaches; object stores write a file whole or not at all.

    Args:
        base: Its URL, such as `s3://bucket/results` or `memory://results`.

    Raises:
        ConfigurationError: No file system for this URL is installed.
    """

    def __init__(self, base: str) -> None:
        from fsspec.core import url_to_fs

        self.base = base.rstrip("/")
        try:
            self._files, self._root = url_to_fs(self.base)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"Results cannot be kept at {base!r}: {error}. "
                "Install the fsspec package for this kind of URL, or name a folder."
            ) from error

    def address(self, name: str) -> str:
        """The URL of a file.

        Raises:
            ValueError: `name` leads out of the place.
        """
        if not {"", ".", ".."}.isdisjoint(name.split("/")):
            raise ValueError(
                f"{name!r} is no name of a file in {self.base}. Use one such as 'a/b.json', "
                "without '.', '..' or a slash at its beginning."
            )
        return f"{self.base}/{name}"

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""
        path = self._path(name)
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(path, data)

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return bytes(self._files.cat_file(self._path(name)))

    def size(self, name: str) -> int | None:
        """The size of a file."""
        try:
            return int(self._files.info(self._path(name))["size"])
        except FileNotFoundError:
            return None

    def touch(self, name: str) -> None:
        """Write a file again, since most stores have no other way to renew its time."""
        self.write(name, self.read(name))

    def entries(self) -> Iterator[Entry]:
        """All files, at any depth."""
        for path, found in self._files.find(self._root, detail=True).items():
            name = path[len(self._root) :].lstrip("/")
            modified = clock.to_micros(self._files.modified(path))
            yield Entry(name, int(found["size"]), modified)

    def discard(self, name: str, before: int) -> int | None:
        """Remove a file that is older than a time; most stores cannot do both at one moment."""
        path = self._path(name)
        try:
            if clock.to_micros(self._files.modified(path)) >= before:
                return None
            size = int(self._files.info(path)["size"])
            self._files.rm_file(path)
        except FileNotFoundError:
            return 0
        return size

    def _path(self, name: str) -> str:
        self.address(name)
        return f"{self._root}/{name}"


def place_of(storage: Any, durable: bool = False) -> Place:
    """The place that a user means by a storage.

    Args:
        storage: A path, a URL, or an object with a `basepath`, such as a `LocalFileSystem`.
        durable: As for `Folder`.

    Raises:
        ConfigurationError: It is none of these.
    """
    where = storage
    if hasattr(storage, "basepath"):
        where = storage.basepath or "."
    if isinstance(where, os.PathLike):
        where = os.fspath(where)
    if not isinstance(where, str) or not where:
        raise ConfigurationError(
            f"A result storage is a path, a URL or a file system with a `basepath`; "
            f"found {storage!r}."
        )
    for scheme in _LOCAL_SCHEMES:
        where = where.removeprefix(scheme)
    return Remote(where) if "://" in where else Folder(where, durable)


def _modified(path: str) -> int:
    return os.stat(path).st_mtime_ns // 1000


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
