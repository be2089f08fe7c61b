"""What every command shares: the settings, the options that all of them take, the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, redirect_stdout
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from noria.cli import text
from noria.core.settings import ENV_FILE, PROFILE
from noria.engine import configuration

if TYPE_CHECKING:
    from noria.backend.port import Backend
    from noria.core.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "json", "jsonl", "csv", "name")


class App:
    """One call of the command.

    Parameters:
        environ: The process's environment.
        backend: A backend to use instead of the one that the settings name.
    """

    def __init__(self, environ: Mapping[str, str], backend: Backend | None = None) -> None:
        self.environ = environ
        self.backend = backend
        self.reaped = False
        self.output: str | None = None
        self.color = "auto"
        self.utc = False
        self.debug = False

        self._closers = ExitStack()

    def close_with(self, close: Callable[[], object]) -> None:
        """Have something released when the command ends."""
        self._closers.callback(close)

    def close(self) -> None:
        """Release what was opened for this call."""
        self._closers.close()

    @cached_property
    def settings(self) -> Settings:
        """The settings of this process.

        Raises:
            ConfigurationError: A variable's value cannot be used.
            MissingProfileError: The profile that was asked for does not exist.
        """
        return configuration.settings(self.environ)

    def put(self, variable: str, value: str) -> None:
        """Set a variable of the environment for this command and the flow that it runs."""
        self.environ = {**self.environ, variable: value}
        os.environ[variable] = value

    def colors(self, stream: Any) -> bool:
        """Whether a stream takes colour: `--color`, then NO_COLOR, then what it is."""
        if self.color != "auto":
            return self.color == "always"
        return not self.environ.get("NO_COLOR") and bool(stream.isatty())

    @property
    def paint(self) -> text.Paint:
        """How text for stdout is coloured."""
        return text.colored if self.colors(sys.stdout) else text.uncolored

    @property
    def for_people(self) -> bool:
        """Whether the data goes to a person: no format was asked for, or a table was."""
        return self.output == "table" or (self.output is None and sys.stdout.isatty())

    @property
    def columns(self) -> int:
        """How wide a table may be; a file has no edge, so it gets a generous one."""
        asked = self.environ.get("COLUMNS", "")
        if asked.isdigit():
            return max(int(asked), 40)
        if not sys.stdout.isatty():
            return 120
        return max(shutil.get_terminal_size((100, 24)).columns, 40)

    def quiet(self) -> AbstractContextManager[object]:
        """Keep stdout for the data that was asked for: what a user's code prints goes to stderr."""
        return nullcontext() if self.output is None else redirect_stdout(sys.stderr)

    def say(self, line: str = "", end: str = "\n") -> None:
        """Print a line of data to stdout."""
        click.echo(_writable(line, sys.stdout) + end, nl=False, color=self.colors(sys.stdout))

    def warn(self, text: str) -> None:
        """Print something to stderr as it is."""
        click.echo(_writable(text, sys.stderr), err=True, color=self.colors(sys.stderr))

    def note(self, line: str) -> None:
        """Print a remark to stderr, where it is in nobody's way."""
        color = self.colors(sys.stderr)
        paint = text.colored if color else text.uncolored
        click.echo(_writable(paint(line, "dim"), sys.stderr), err=True, color=color)


# What stands for our signs where a terminal knows ASCII only.
_ASCII_SIGNS = str.maketrans("✓◐■▲⊘‖↻○≈◷▶━┅▸│├└…·×", "+*#!x|~o=l>=->||`~,x")


def _writable(line: str, stream: Any) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        line = line.translate(_ASCII_SIGNS)
        return line.encode(encoding, "backslashreplace").decode(encoding)
    return line


def app_of(ctx: click.Context) -> App:
    """The call that a context belongs to."""
    root = ctx.find_root()
    if root.obj is None:
        root.obj = App(os.environ)
    app: App = root.obj
    return app


pass_app = click.make_pass_decorator(App)


def _set(field: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def store(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            setattr(app_of(ctx), field, value)

    return store


def _put(variable: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def store(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
        if value is not None:
            app_of(ctx).put(variable, value)

    return store


def shared_options(function: F) -> F:
    """`--color`, `--utc`, `--debug`, `--profile` and `--env-file`, which every command takes."""
    for option in (
        click.option(
            "--env-file",
            type=click.Path(dir_okay=False),
            expose_value=False,
            is_eager=True,
            callback=_put(ENV_FILE),
            help="A file of further variables, NAME=value a line.",
        ),
        click.option(
            "--profile",
            metavar="NAME",
            expose_value=False,
            is_eager=True,
            callback=_put(PROFILE),
            help="The profile of settings to use.",
        ),
        click.option(
            "--debug",
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set("debug"),
            help="Show where in noria an error comes from.",
        ),
        click.option(
            "--utc",
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set("utc"),
            help="Times in UTC instead of the local zone.",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            expose_value=False,
            is_eager=True,
            callback=_set("color"),
            help="Colours; auto asks the terminal and NO_COLOR.",
        ),
    ):
        function = option(function)
    return function


def output_options(function: F) -> F:
    """`-o` and `--json`, for a command that prints data; with the shared ones."""
    function = shared_options(function)
    for option in (
        click.option(
            "--json",
            "output_json",
            flag_value="json",
            expose_value=False,
            callback=_set("output"),
            help="Short for -o json.",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Choice(FORMATS),
            expose_value=False,
            callback=_set("output"),
            help="What to print: a table for people, or data for programs.",
        ),
    ):
        function = option(function)
    return function
