"""Settings: read once at the edge from the environment and handed down.

Each field's comment names its variable; `NORIA_` is put before the name in capitals.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import NamedTuple

from noria.core import retention
from noria.core.errors import ConfigurationError
from noria.core.retention import Rules


class Settings(NamedTuple):
    """Everything a process can be told from outside."""

    home: str = "~/.noria"
    """NORIA_HOME: the folder of the store, the results and the spool."""
    profile: str = ""
    """NORIA_PROFILE: the profile to use; empty means the one that `noria profile use` has set."""
    env_file: str = ""
    """NORIA_ENV_FILE: a file of further variables, one `NAME=value` a line."""
    database_url: str = ""
    """NORIA_DATABASE_URL: the store, `sqlite:///path/to/file.db` or `postgresql://…`; empty means
    `noria.db` under the home."""
    encryption_key: str = ""
    """NORIA_ENCRYPTION_KEY: base64 of the 32 bytes that encrypt secrets, further keys that only
    open them after commas; `keyring` for the system's; empty means a file under the home."""
    logging_level: str = "INFO"
    """NORIA_LOGGING_LEVEL: the least severe lines to record and show."""
    logging_extra_loggers: str = ""
    """NORIA_LOGGING_EXTRA_LOGGERS: comma separated loggers that are to say what is as severe
    as NORIA_LOGGING_LEVEL; `*` is the root, so all."""
    logging_others: bool = True
    """NORIA_LOGGING_OTHERS: whether what all other loggers let through joins the run."""
    logging_structlog: bool = True
    """NORIA_LOGGING_STRUCTLOG: whether what structlog is told joins the run."""
    logging_log_prints: bool = False
    """NORIA_LOGGING_LOG_PRINTS: whether prints of flows and tasks become log lines."""
    log_format: str = "auto"
    """NORIA_LOG_FORMAT: auto, plain, rich, json, or off."""
    results_inline_limit: int = 32 * 1024
    """NORIA_RESULTS_INLINE_LIMIT: results up to so many bytes stand in the store itself."""
    results_keep_limit: int = 16 * 1024 * 1024
    """NORIA_RESULTS_KEEP_LIMIT: results up to so many bytes are kept without being asked."""
    results_persist_by_default: bool = False
    """NORIA_RESULTS_PERSIST_BY_DEFAULT: as if every task and flow said persist_result=True."""
    results_default_serializer: str = "pickle"
    """NORIA_RESULTS_DEFAULT_SERIALIZER"""
    results_storage: str = ""
    """NORIA_RESULTS_STORAGE: where larger results go; empty means `results` under the home."""
    tasks_default_retries: int = 0
    """NORIA_TASKS_DEFAULT_RETRIES"""
    tasks_default_retry_delay_seconds: float = 0
    """NORIA_TASKS_DEFAULT_RETRY_DELAY_SECONDS"""
    tasks_refresh_cache: bool = False
    """NORIA_TASKS_REFRESH_CACHE: ignore cached results, and renew them."""
    flows_default_retries: int = 0
    """NORIA_FLOWS_DEFAULT_RETRIES"""
    flows_default_retry_delay_seconds: float = 0
    """NORIA_FLOWS_DEFAULT_RETRY_DELAY_SECONDS"""
    task_runner_thread_pool_max_workers: int = 0
    """NORIA_TASK_RUNNER_THREAD_POOL_MAX_WORKERS: 0 chooses by the machine."""
    task_runner_process_pool_max_workers: int = 0
    """NORIA_TASK_RUNNER_PROCESS_POOL_MAX_WORKERS: 0 is one per core."""
    journal_flush_timeout: float = 30.0
    """NORIA_JOURNAL_FLUSH_TIMEOUT: seconds to wait for the store at the end before spooling."""
    journal_buffer: int = 20_000
    """NORIA_JOURNAL_BUFFER: records that may wait for the store before the producer is slowed."""
    lease_seconds: float = 10.0
    """NORIA_LEASE_SECONDS: how long a process may be silent before another host calls it dead."""
    retention: str = retention.DEFAULT
    """NORIA_RETENTION: how long finished runs are kept, by state; `never` for ever."""
    ui_url: str = ""
    """NORIA_UI_URL: where runs can be looked at in a browser; messages link there."""
    notifications_drain_seconds: float = 10.0
    """NORIA_NOTIFICATIONS_DRAIN_SECONDS: how long the end of a process waits for messages."""
    privacy_key: str = ""
    """NORIA_PRIVACY_KEY: the key of `noria.privacy.hash_id`."""

    @property
    def home_path(self) -> str:
        """The home with `~` resolved."""
        return os.path.abspath(os.path.expanduser(self.home or Settings._field_defaults["home"]))

    @property
    def database(self) -> str:
        """Where the store is: the file of the embedded one (`:memory:` for none), or the URL of a
        PostgreSQL database, which may hold a password."""
        url = self.database_url
        if not url:
            return os.path.join(self.home_path, "noria.db")
        return store_location(url)

    @property
    def results_path(self) -> str:
        """The folder or URL of results that do not stand in the store."""
        return self.results_storage or os.path.join(self.home_path, "results")

    @property
    def retention_rules(self) -> Rules:
        """How long finished runs are kept."""
        return retention.parse(self.retention)

    @property
    def spool_path(self) -> str:
        """The folder of records that the store could not take."""
        return os.path.join(self.home_path, "spool")


PROFILE = "NORIA_PROFILE"
ENV_FILE = "NORIA_ENV_FILE"
PROFILES_FILE = "profiles.toml"
"""Under the home."""

MEMORY = ":memory:"
"""The path that SQLite takes for a database of no file."""
POSTGRES = "postgresql://"
"""How the location of a PostgreSQL store begins."""
POSTGRES_SCHEMES = ("postgresql", "postgres")
"""They may name a driver, as in `postgresql+asyncpg`; it is ours all the same."""
_TRUE = {"1", "true", "yes", "on", "t", "y"}
_FALSE = {"0", "false", "no", "off", "f", "n", ""}
LOG_FORMATS = ("auto", "plain", "rich", "json", "off")
LOG_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "WARN": 30, "ERROR": 40, "CRITICAL": 50}


def load(environ: Mapping[str, str]) -> Settings:
    """The settings that an environment asks for.

    Raises:
        ConfigurationError: A variable's value cannot be used; the message names the variable.
    """
    found: dict[str, object] = {}
    for field, default in Settings._field_defaults.items():
        text = environ.get("NORIA_" + field.upper())
        if text is not None:
            found[field] = _parse(field, text, default)
    settings = Settings(**found)  # type: ignore[arg-type]
    _check(settings)
    return settings


def store_location(url: str, said_by: str = "NORIA_DATABASE_URL") -> str:
    """Where the store of a URL is: a path, or a URL that begins with `postgresql://`.

    Parameters:
        url: As a person writes it.
        said_by: What holds it, for the message.

    Raises:
        ConfigurationError: It is the URL of no store; the message does not repeat what it holds.
    """
    scheme, found, rest = url.partition("://")
    if found and scheme.lower().partition("+")[0] in POSTGRES_SCHEMES and rest:
        return POSTGRES + rest
    for prefix in ("sqlite:///", "sqlite:"):
        path = url[len(prefix) :]
        if url.startswith(prefix) and path.strip("/") and not path.startswith("//"):
            return path if path == MEMORY else os.path.abspath(os.path.expanduser(path))
    # What stands before an @ may be a password.
    said = url if "@" not in url else f"{scheme}://…@{url.rpartition('@')[2]}"
    raise ConfigurationError(
        f"{said_by} is {said!r}; expected sqlite:///path/to/file.db or "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE. "
        "Leave NORIA_DATABASE_URL unset to keep the store under NORIA_HOME."
    )


def profiles_path(environ: Mapping[str, str]) -> str:
    """The file of profiles, there or not."""
    return os.path.join(Settings(home=environ.get("NORIA_HOME", "")).home_path, PROFILES_FILE)


def _parse(field: str, text: str, default: object) -> object:
    variable = "NORIA_" + field.upper()
    if isinstance(default, bool):
        lowered = text.strip().lower()
        if lowered in _TRUE or lowered in _FALSE:
            return lowered in _TRUE
        raise ConfigurationError(f"{variable} is {text!r}; expected true or false.")
    if isinstance(default, int | float):
        try:
            value = type(default)(text)
        except ValueError:
            raise ConfigurationError(f"{variable} is {text!r}; expected a number.") from None
        if not 0 <= value < math.inf:
            raise ConfigurationError(f"{variable} is {text!r}; expected 0 or more.")
        return value
    return text


def _check(settings: Settings) -> None:
    if settings.log_format not in LOG_FORMATS:
        raise ConfigurationError(_unknown("NORIA_LOG_FORMAT", settings.log_format, LOG_FORMATS))
    if settings.logging_level.upper() not in LOG_LEVELS and not settings.logging_level.isdecimal():
        raise ConfigurationError(
            _unknown("NORIA_LOGGING_LEVEL", settings.logging_level, tuple(LOG_LEVELS))
        )
    if settings.retention != retention.DEFAULT:
        retention.parse(settings.retention)


def _unknown(variable: str, value: str, allowed: tuple[str, ...]) -> str:
    known = {each.lower(): each for each in allowed}
    import difflib  # noqa: PLC0415 - only a wrong setting needs it

    near = [known[each] for each in difflib.get_close_matches(value.lower(), known, 1)]
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{variable} is {value!r}; expected one of {', '.join(allowed)}.{hint}"


def level_number(settings: Settings) -> int:
    """The numeric logging level."""
    level = settings.logging_level.upper()
    return int(level) if level.isdecimal() else LOG_LEVELS[level]
