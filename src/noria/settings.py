"""Settings as code sees them: what they are here, and what they are for the length of a block.

Every setting has a name here, `NORIA_LOGGING_LEVEL` for instance, also with `PREFECT_` before it.

Example:
    >>> from noria.settings import NORIA_LOGGING_LEVEL
    >>> with temporary_settings({NORIA_LOGGING_LEVEL: "DEBUG"}):
    ...     get_current_settings().logging.level
    'DEBUG'
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, overload

from noria.core import profiles
from noria.core.errors import ConfigurationError
from noria.core.profiles import variable_of
from noria.core.settings import ENV_FILE, Settings
from noria.engine import configuration

__all__ = ["Setting", "get_current_settings", "require_env", "temporary_settings"]

_PREFIXES = ("NORIA_", "PREFECT_")


class Setting:
    """One setting, by name.

    Attributes:
        name: Its variable.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self) -> Any:
        """What it is here and now.

        Raises:
            ConfigurationError: A setting cannot be used.

        Example:
            >>> from noria.settings import NORIA_RESULTS_DEFAULT_SERIALIZER
            >>> NORIA_RESULTS_DEFAULT_SERIALIZER.value()
            'pickle'
        """
        return getattr(configuration.settings(), self.name.removeprefix("NORIA_").lower())

    def __repr__(self) -> str:
        return f"<Setting {self.name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Setting) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


Key = Setting | str


class CurrentSettings:
    """Settings by attribute: `logging_level`, or in parts, `logging.level`.

    Parameters:
        settings: All of them.
        prefix: What stands before the names that are asked for.
    """

    def __init__(self, settings: Settings, prefix: str = "") -> None:
        self._settings = settings
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        found = self._prefix + name
        if found in Settings._fields:
            return getattr(self._settings, found)
        if any(field.startswith(found + "_") for field in Settings._fields):
            return CurrentSettings(self._settings, found + "_")
        raise AttributeError(
            f"There is no setting {found!r}.{profiles.nearest(found, Settings._fields)}"
        )

    def __repr__(self) -> str:
        shown = (
            f"{field}={profiles.hidden(field, str(getattr(self._settings, field)))!r}"
            for field in Settings._fields
            if field.startswith(self._prefix)
        )
        return f"Settings({', '.join(shown)})"


def get_current_settings() -> CurrentSettings:
    """The settings of this process.

    Raises:
        ConfigurationError: A setting cannot be used.

    Example:
        >>> get_current_settings().tasks.default_retries
        0
    """
    return CurrentSettings(configuration.settings())


@contextmanager
def temporary_settings(
    updates: Mapping[Key, Any] | None = None,
    set_defaults: Mapping[Key, Any] | None = None,
    restore_defaults: Iterable[Key] | None = None,
) -> Iterator[CurrentSettings]:
    """Other settings inside the block, for all threads and for processes that are started there.

    Parameters:
        updates: Settings and their values.
        set_defaults: The same, for settings that nothing else sets.
        restore_defaults: Settings that are as they come.

    Raises:
        ConfigurationError: There is no such setting, or its value cannot be used.

    Example:
        >>> with temporary_settings({"tasks.default_retries": 2}):
        ...     get_current_settings().tasks_default_retries
        2
    """
    restored = restore_defaults or ()
    changes = {_variable(key): Settings._field_defaults[_field(key)] for key in restored}
    known = configuration.sources()
    defaults = {_variable(key): value for key, value in (set_defaults or {}).items()}
    changes |= {name: value for name, value in defaults.items() if name not in known}
    changes |= {_variable(key): value for key, value in (updates or {}).items()}
    before = {name: os.environ.get(name) for name in changes}
    # The environment is what everything reads, and what child processes inherit.
    _put({name: None if value is None else _text(value) for name, value in changes.items()})
    try:
        yield get_current_settings()
    finally:
        _put(before)


def _put(variables: Mapping[str, str | None]) -> None:
    for name, text in variables.items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text


def _variable(key: Key) -> str:
    name = key.name if isinstance(key, Setting) else key
    return variable_of(name.removeprefix("PREFECT_"))


def _field(key: Key) -> str:
    return _variable(key).removeprefix("NORIA_").lower()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@overload
def require_env(name: str, /) -> str: ...
@overload
def require_env(name: str, second: str, /, *others: str) -> tuple[str, ...]: ...
def require_env(name: str, /, *others: str) -> str | tuple[str, ...]:
    """Variables that a flow cannot do without, from the environment or the `.env` file asked for.

    Call it at the top of a flow: what is missing is told before anything has been done.

    Parameters:
        name: A variable.
        others: More of them.

    Returns:
        The text of one variable; of several a tuple in their order.

    Raises:
        ConfigurationError: Some are not set, or empty; the message names all of these.

    Example:
        >>> path, home = require_env("PATH", "NORIA_HOME")
        >>> require_env("CRM_URL", "CRM_TOKEN")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        noria.core.errors.ConfigurationError: The environment variables CRM_URL, CRM_TOKEN ...
    """
    names = (name, *others)
    known = configuration.sources()
    missing = [each for each in names if not known.get(each, "").strip()]
    if missing:
        raise ConfigurationError(_missing(missing, known))
    return known[name] if not others else tuple(known[each] for each in names)


def _missing(names: list[str], known: Mapping[str, str]) -> str:
    if len(names) == 1:
        text = f"The environment variable {names[0]} is missing"
    else:
        text = f"The environment variables {', '.join(names)} are missing"
    text += " (empty counts as missing). Set "
    text += "it" if len(names) == 1 else "them"
    text += f" before the flow starts, or in the file that {ENV_FILE} names."
    for name in names:
        near = difflib.get_close_matches(name, [each for each in known if each != name], 1, 0.85)
        text += f" There is {near[0]}: was {name} meant?" if near else ""
    return text


def __getattr__(name: str) -> Setting:
    for prefix in _PREFIXES:
        field = name.removeprefix(prefix).lower()
        if name.startswith(prefix) and field in Settings._fields:
            return Setting("NORIA_" + field.upper())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *profiles.variables()])
