"""File systems that results can be kept in."""

from __future__ import annotations

import os

from noria.values.places import Folder


class LocalFileSystem:
    """A folder of this machine.

    Args:
        basepath: Its path, where `~` is the home; None for the current folder.

    >>> import tempfile
    >>> files = LocalFileSystem(basepath=tempfile.mkdtemp())
    >>> written = files.write_path("a/b.txt", b"hello")
    >>> files.read_path("a/b.txt")
    b'hello'
    """

    def __init__(self, *, basepath: str | os.PathLike[str] | None = None) -> None:
        self.basepath = None if basepath is None else os.fspath(basepath)

    def read_path(self, path: str) -> bytes:
        """The bytes of a file.

        Args:
            path: Relative to the folder, or absolute within it.

        Raises:
            ValueError: There is no such file, or it is outside of the folder.
        """
        folder = self._folder()
        address = folder.address(path)
        if not os.path.exists(address):
            raise ValueError(f"There is no file {address}.")
        if os.path.isdir(address):
            raise ValueError(f"{address} is a folder, not a file.")
        return folder.read(path)

    def write_path(self, path: str, content: bytes) -> str:
        """Write a file whole, with the folders above it.

        Args:
            path: Relative to the folder, or absolute within it.
            content: What to write.

        Returns:
            The absolute path of the file.

        Raises:
            ValueError: The path is outside of the folder.
        """
        folder = self._folder()
        folder.write(path, content)
        return folder.address(path)

    async def aread_path(self, path: str) -> bytes:
        """As `read_path`, to be awaited."""
        return self.read_path(path)

    async def awrite_path(self, path: str, content: bytes) -> str:
        """As `write_path`, to be awaited."""
        return self.write_path(path, content)

    def _folder(self) -> Folder:
        # The current folder is looked at when a file is asked for, not when this is made.
        return Folder(self.basepath or ".")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(basepath={self.basepath!r})"
