"""Where a flow is found: `path/to/file.py:name`, `module:name`, or either without a name."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import NamedTuple

from noria.cli.errors import CliError, Code, did_you_mean


class Entrypoint(NamedTuple):
    """A flow's place, taken apart."""

    path: str | None
    """The file, absolute; None when a module is named."""
    module: str | None
    name: str | None
    """The flow's name in it; None for the only one."""

    def __str__(self) -> str:
        source = self.path or self.module or ""
        return f"{source}:{self.name}" if self.name else source


def parse(text: str) -> Entrypoint:
    """Take a place apart.

    Raises:
        CliError: There is no such file, and no such module.

    Example:
        >>> parse("json:loads")
        Entrypoint(path=None, module='json', name='loads')
    """
    source, colon, name = text.rpartition(":")
    # A colon may also belong to a drive letter: C:\flows.py
    if not colon or not all(part.isidentifier() for part in name.split(".")):
        source, name = text, ""
    if os.path.isfile(source):
        return Entrypoint(os.path.abspath(source), None, name or None)
    if _looks_like_a_path(source):
        raise _no_file(source)
    make_importable(None)
    try:
        found = importlib.util.find_spec(source)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise CliError(
            Code.NO_SUCH_FILE,
            f"there is no file and no module {source}",
            f"looked in {os.getcwd()} and in the modules of {sys.executable}",
            "name a file (noria run path/to/file.py) or an importable module",
        )
    return Entrypoint(None, source, name or None)


def _looks_like_a_path(source: str) -> bool:
    if source.endswith(".py") or os.sep in source or "/" in source or os.path.exists(source):
        return True
    return not all(part.isidentifier() for part in source.split("."))


def _no_file(source: str) -> CliError:
    if os.path.isdir(source):
        return CliError(
            Code.NO_SUCH_FILE,
            f"{source} is a folder",
            "expected a file that holds a flow",
            f"name the file: noria run {os.path.join(source, 'flow.py')}",
        )
    folder = os.path.dirname(os.path.abspath(source))
    return CliError(
        Code.NO_SUCH_FILE,
        f"there is no file {source}",
        _files_like(os.path.basename(source), folder),
        "check the path, or name a module: noria run package.module:flow",
    )


def _files_like(name: str, folder: str) -> str:
    try:
        files = [file for file in os.listdir(folder) if file.endswith(".py")]
    except OSError:
        return f"there is no folder {folder} either"
    return did_you_mean(name, files) or f"looked in {folder}"


def make_importable(path: str | None) -> None:
    """Let a script import its neighbours and what stands in the current folder, as `python` does.

    Parameters:
        path: The script; None for a module.
    """
    folders = [os.getcwd()]
    if path is not None:
        folders.insert(0, os.path.dirname(os.path.abspath(path)))
    for folder in reversed(folders):
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.insert(0, folder)
