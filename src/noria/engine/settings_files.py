"""The files that settings stand in: profiles, and `.env`.

Loaded only by a process that has one of them; see `noria.engine.configuration`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from noria.core import envfile, profiles
from noria.core.errors import ConfigurationError
from noria.core.profiles import Layers, Profiles
from noria.core.settings import ENV_FILE, PROFILE, profiles_path


class _Read(NamedTuple):
    stamp: tuple[int, int, int]
    found: Any


_files: dict[str, _Read] = {}


def layers(environ: Mapping[str, str] | None = None) -> Layers:
    """The sources of settings one above another, to ask where a variable comes from.

    Raises:
        ConfigurationError: A file cannot be read or used.
        MissingProfileError: The profile that was asked for does not exist.
    """
    above = Layers(*_above(os.environ if environ is None else environ))
    asked = above.get(PROFILE)
    found = read_profiles(above)
    name = asked or found.active
    said_by = PROFILE if asked else profiles_path(above)
    return above.over(f"profile {name}", found.get(name, said_by))


def _above(environ: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
    above: list[tuple[str, Mapping[str, str]]] = [("environment", environ)]
    file = environ.get(ENV_FILE)
    if file:
        path = os.path.abspath(os.path.expanduser(file))
        above.append((f".env ({path})", env_file(path)))
    return above


def read_profiles(environ: Mapping[str, str] | None = None) -> Profiles:
    """What the file of profiles says; nothing when there is none.

    Raises:
        ConfigurationError: It cannot be read or used.
    """
    path = profiles_path(os.environ if environ is None else environ)
    if _stamp(path) is None:
        return Profiles()
    found: Profiles = _cached(path, profiles.parse)
    return found


def write_profiles(found: Profiles, environ: Mapping[str, str] | None = None) -> None:
    """Write the file of profiles, which only its owner may read: all of it, or nothing.

    Raises:
        ConfigurationError: It cannot be written.
    """
    path = profiles_path(os.environ if environ is None else environ)
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(profiles.render(found).encode("utf-8"))
        os.replace(beside, path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error
    _files.pop(path, None)


def env_file(path: str) -> Mapping[str, str]:
    """The variables of a `.env` file.

    Raises:
        ConfigurationError: It is not there, cannot be read, or holds an unknown setting.
    """
    if _stamp(path) is None:
        raise ConfigurationError(
            f"{ENV_FILE} asks for {path}, which is not there. Name an existing file, or unset it."
        )
    found: Mapping[str, str] = _cached(path, _parse_env)
    return found


def _parse_env(text: str, path: str) -> Mapping[str, str]:
    found = envfile.parse(text, path)
    for name in profiles.unknown_variables(found):
        profiles.variable_of(name, path)
    if ENV_FILE in found:
        raise ConfigurationError(
            f"{path}: {ENV_FILE} cannot stand in such a file; set it in the environment."
        )
    return found


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _cached(path: str, parse: Callable[[str, str], Any]) -> Any:
    stamp = _stamp(path)
    read = _files.get(path)
    if read is not None and read.stamp == stamp:
        return read.found
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: {error.reason}.") from error
    found = parse(text, path)
    if stamp is not None:
        _files[path] = _Read(stamp, found)
    return found
