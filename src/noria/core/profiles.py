"""Profiles: named sets of settings, and where each setting of a process comes from.

Pure: texts and mappings in, texts and mappings out; `noria.engine.configuration` reads the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from noria.core.errors import ConfigurationError, MissingProfileError
from noria.core.settings import Settings, load

DEFAULT = "default"
"""The profile that is there without being made."""
PREFIX = "NORIA_"

NOT_IN_PROFILES = {
    "NORIA_HOME": "profiles are kept under it: set it in the environment",
    "NORIA_PROFILE": "it says which profile is used: noria profile use NAME",
    "NORIA_ENV_FILE": "it is asked for from outside: set it in the environment",
}
_SECRET_ENDINGS = ("_KEY", "_PASSWORD", "_SECRET", "_TOKEN")
_HIDDEN = "********"


class Profiles(NamedTuple):
    """What the file of profiles says."""

    active: str = DEFAULT
    named: Mapping[str, Mapping[str, str]] = {}
    """Profile -> variable -> text."""

    def names(self) -> list[str]:
        """All profiles, with the one that is always there."""
        return list(dict.fromkeys((DEFAULT, *self.named)))

    def get(self, name: str, said_by: str = "") -> Mapping[str, str]:
        """The variables of a profile.

        Parameters:
            name: The profile.
            said_by: What asked for it, for the message.

        Raises:
            MissingProfileError: There is none; names the nearest.
        """
        if name in self.named or name == DEFAULT:
            return self.named.get(name, {})
        asked = f"{said_by} is {name!r}, but there" if said_by else "There"
        raise MissingProfileError(
            f"{asked} is no profile {name!r}.{nearest(name, self.names())} "
            f"Profiles are: {', '.join(self.names())}. Make it: noria profile create {name}"
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the nearest of `known`, or nothing."""
    import difflib  # noqa: PLC0415 - only a wrong word needs it

    by_folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, 1)
    return f" Did you mean {by_folded[near[0]]!r}?" if near else ""


def variables() -> list[str]:
    """The variables of all settings."""
    return [PREFIX + field.upper() for field in Settings._fields]


def variable_of(key: str, place: str = "") -> str:
    """The variable that `NORIA_LOG_FORMAT`, `log_format` or `log.format` means.

    Parameters:
        key: As a person writes it.
        place: Where it was found, for the message.

    Raises:
        ConfigurationError: There is no such setting; names the nearest.

    Example:
        >>> variable_of("log_format")
        'NORIA_LOG_FORMAT'
    """
    name = key.strip().replace(".", "_").replace("-", "_").upper()
    name = name if name.startswith(PREFIX) else PREFIX + name
    if name.removeprefix(PREFIX).lower() in Settings._fields:
        return name
    where = f"{place}: there" if place else "There"
    raise ConfigurationError(
        f"{where} is no setting {key!r}.{nearest(name, variables())} "
        "All settings: noria config view"
    )


def checked(key: str, value: object, place: str) -> tuple[str, str]:
    """A line of a profile: the variable and its text.

    Raises:
        ConfigurationError: There is no such setting, it cannot stand in a profile, or the value
            cannot be used; names `place`.
    """
    variable = variable_of(key, place)
    if variable in NOT_IN_PROFILES:
        raise ConfigurationError(
            f"{place}: {variable} cannot stand in a profile; {NOT_IN_PROFILES[variable]}."
        )
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise ConfigurationError(
            f"{place}: {variable} is of type {type(value).__name__}; "
            "expected a text, a number, true or false."
        )
    _load(variable, str(value), place)
    return variable, str(value)


def _load(variable: str, text: str, place: str) -> None:
    try:
        load({variable: text})
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error}") from None


def parse(text: str, place: str) -> Profiles:
    """The profiles of a TOML text.

    Raises:
        ConfigurationError: It is no TOML, or says what profiles cannot; names `place`.

    Example:
        >>> found = parse('active = "dev"\\n[profiles.dev]\\nlogging_level = "DEBUG"', "p.toml")
        >>> found.named["dev"]
        {'NORIA_LOGGING_LEVEL': 'DEBUG'}
    """
    import tomllib  # noqa: PLC0415 - only a home with profiles needs it

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{place} is no TOML: {error}.") from None
    for key in found:
        if key not in ("active", "profiles"):
            raise ConfigurationError(
                f'{place}: there is no key {key!r}; expected active = "NAME" and tables '
                f"[profiles.NAME].{nearest(key, ('active', 'profiles'))}"
            )
    active, tables = found.get("active", DEFAULT), found.get("profiles", {})
    if not isinstance(active, str) or not isinstance(tables, dict):
        raise ConfigurationError(f'{place}: expected active = "NAME" and tables [profiles.NAME].')
    return Profiles(active, {name: _profile(name, table, place) for name, table in tables.items()})


def _profile(name: str, table: object, place: str) -> dict[str, str]:
    inside = f"{place}, profile {name!r}"
    if not isinstance(table, dict):
        raise ConfigurationError(f"{inside}: expected a table [profiles.{name}].")
    return dict(checked(key, value, inside) for key, value in table.items())


def render(profiles: Profiles) -> str:
    """The TOML text of profiles; what `parse` reads."""
    lines = [
        "# Written by `noria profile`, which keeps no comments.",
        f"active = {_quoted(profiles.active)}",
    ]
    for name, table in profiles.named.items():
        lines += ["", f"[profiles.{_key(name)}]"]
        lines += [f"{variable} = {_quoted(text)}" for variable, text in table.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "_").isidentifier()
    return name if bare else _quoted(name)


def _quoted(text: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(each) or _control(each) for each in text) + '"'


def _control(character: str) -> str:
    return f"\\u{ord(character):04x}" if character < " " or character == "\x7f" else character


class Origin(NamedTuple):
    """One setting as a process has it."""

    variable: str
    text: str
    """Its value as a text that the environment could hold; hidden where it is secret."""
    origin: str
    """`environment`, `.env (path)`, `profile NAME`, or `default`."""
    secret: bool


class Layers(Mapping[str, str]):
    """Several mappings of which the first that has a variable wins.

    Parameters:
        layers: Each with what it is called, the strongest first.
    """

    def __init__(self, *layers: tuple[str, Mapping[str, str]]) -> None:
        self._layers = layers

    def __getitem__(self, variable: str) -> str:
        for _, layer in self._layers:
            text = layer.get(variable)
            if text is not None:
                return text
        raise KeyError(variable)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for _, layer in self._layers for key in layer))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def over(self, name: str, layer: Mapping[str, str]) -> Layers:
        """These with a weaker one below."""
        return Layers(*self._layers, (name, layer))

    def origin(self, variable: str) -> str:
        """What the layer is called that a variable's text comes from."""
        for name, layer in self._layers:
            if variable in layer:
                return name
        return "default"


def is_secret(variable: str) -> bool:
    """Whether a variable's value is shown to nobody.

    Example:
        >>> is_secret("NORIA_PRIVACY_KEY"), is_secret("NORIA_HOME")
        (True, False)
    """
    return variable.upper().endswith(_SECRET_ENDINGS)


def hidden(variable: str, text: str) -> str:
    """The text as it may be shown: nothing of a secret, no password of a URL.

    Example:
        >>> hidden("NORIA_DATABASE_URL", "postgresql://noria:s3cret@host/db")
        'postgresql://noria:********@host/db'
    """
    if is_secret(variable):
        return _HIDDEN if text else ""
    scheme, separator, rest = text.partition("://")
    user, at, host = rest.rpartition("@")
    if not separator or not at:
        return text
    name, colon, _ = user.partition(":")
    return f"{scheme}://{name}{colon}{_HIDDEN if colon else ''}@{host}"


def origins(layers: Layers) -> list[Origin]:
    """Every setting, its value, and where it comes from.

    Raises:
        ConfigurationError: A value cannot be used.
    """
    settings = load(layers)
    return [
        Origin(
            variable,
            hidden(variable, _text(getattr(settings, field))),
            layers.origin(variable),
            is_secret(variable),
        )
        for variable, field in zip(variables(), Settings._fields, strict=True)
    ]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown_variables(environ: Iterable[str]) -> list[str]:
    """Variables that look like settings and are none; those of two underscores are facts of a run.

    Example:
        >>> unknown_variables(["NORIA_HOME", "NORIA_LOGING_LEVEL", "PATH"])
        ['NORIA_LOGING_LEVEL']
    """
    known = set(variables())
    return sorted(
        name
        for name in environ
        if name.startswith(PREFIX) and not name.startswith(PREFIX + "_") and name not in known
    )
