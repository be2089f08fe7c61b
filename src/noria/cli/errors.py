"""What the command says when it cannot do as it was told: a code, three lines, an exit code."""

from __future__ import annotations

import difflib
import enum
import importlib
import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Iterable

import click

from noria import __version__
from noria.cli.text import clean
from noria.core import clock
from noria.core import errors as core
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.core.tracebacks import format_exception, is_own, message, type_name


class Exit(enum.IntEnum):
    """Exit codes; a script may rely on them."""

    OK = 0
    RUN_FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    UNREACHABLE = 4
    CONFLICT = 6
    RUN_NOT_FINISHED = 8
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


class Code(enum.Enum):
    """Stable error codes, each with the exit code that goes with it."""

    UNKNOWN_COMMAND = ("N001", Exit.USAGE)
    USAGE = ("N002", Exit.USAGE)
    BAD_PARAMETER = ("N003", Exit.USAGE)
    CONFIRM = ("N004", Exit.USAGE)
    SETTING = ("N005", Exit.USAGE)
    UNKNOWN_RUN = ("N010", Exit.NOT_FOUND)
    AMBIGUOUS_RUN = ("N011", Exit.NOT_FOUND)
    UNKNOWN_TASK = ("N012", Exit.NOT_FOUND)
    NO_SUCH_FILE = ("N013", Exit.NOT_FOUND)
    NO_SUCH_FLOW = ("N014", Exit.NOT_FOUND)
    WHICH_FLOW = ("N015", Exit.USAGE)
    SCRIPT_RAISED = ("N016", Exit.RUN_FAILED)
    UNKNOWN_OBJECT = ("N017", Exit.NOT_FOUND)
    CONFLICT = ("N020", Exit.CONFLICT)
    STORE = ("N030", Exit.UNREACHABLE)
    ENCRYPTION = ("N031", Exit.UNREACHABLE)
    REFUSED = ("N040", Exit.RUN_FAILED)
    STOPPED = ("N041", Exit.RUN_NOT_FINISHED)
    INTERNAL = ("N070", Exit.INTERNAL)

    @property
    def label(self) -> str:
        """The code as it is printed."""
        return self.value[0]

    @property
    def exit(self) -> Exit:
        """What the process exits with."""
        return self.value[1]


class CliError(Exception):
    """A command cannot go on.

    Parameters:
        code: Which kind of failure.
        what: One sentence, without a full stop: what cannot be done.
        why: What was found.
        todo: What the person can do about it.
        detail: Printed before it, such as the traceback of a user's exception.
    """

    def __init__(
        self, code: Code, what: str, why: str = "", todo: str = "", detail: str = ""
    ) -> None:
        super().__init__(what)
        self.detail = detail
        self.code = code
        self.what = what
        self.why = why
        self.todo = todo

    def lines(self) -> list[str]:
        """What is printed, in up to three parts."""
        head, *rest = self.what.splitlines() or [""]
        parts = [*rest, *self.why.splitlines(), *self.todo.splitlines()]
        return [
            f"error[{self.code.label}]: {head}",
            *(f"  {part.strip()}" for part in parts if part),
        ]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest of `known`, or nothing."""
    near = difflib.get_close_matches(word, sorted(set(known)), 3, 0.55)
    # What is much further away than the nearest is noise.
    least = _likeness(word, near[0]) - 0.15 if near else 0.0
    near = [other for other in near if _likeness(word, other) >= least]
    if not near:
        return ""
    *others, last = near
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


_CODES: tuple[tuple[type[core.NoriaException], Code, str], ...] = (
    (
        core.MissingFlowError,
        Code.NO_SUCH_FLOW,
        "expected FILE:FLOW, of a function with @flow",
    ),
    (core.UnspecifiedFlowError, Code.WHICH_FLOW, "name one after a colon: FILE:FLOW"),
    (core.ParameterBindError, Code.BAD_PARAMETER, ""),
    (core.ParameterTypeError, Code.BAD_PARAMETER, ""),
    (core.SignatureMismatchError, Code.BAD_PARAMETER, ""),
    (core.ObjectNotFound, Code.UNKNOWN_RUN, ""),
    (core.ConfigurationError, Code.SETTING, ""),
    (core.MissingProfileError, Code.SETTING, ""),
    (core.RunConflict, Code.CONFLICT, ""),
    (core.StoreError, Code.STORE, ""),
    (core.EncryptionError, Code.ENCRYPTION, ""),
    (core.CancelledRun, Code.STOPPED, ""),
    (core.CrashedRun, Code.STOPPED, ""),
    (core.NoriaException, Code.REFUSED, ""),
)
_SENTENCE_END = re.compile(r"(?<=[.:;]) (?=[A-Z])|\n")


def explain(error: BaseException) -> CliError | None:
    """The error as a person reads it; None for one that nobody foresaw."""
    if isinstance(error, CliError):
        return error
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return CliError(Code.USAGE, error.format_message())
    if isinstance(error, core.ScriptError):
        return _script_raised(error)
    for kind, code, todo in _CODES:
        if isinstance(error, kind):
            head, *rest = _sentences(error)
            return CliError(code, head.rstrip(".:"), "\n".join(rest), todo)
    return None


def _sentences(error: core.NoriaException) -> list[str]:
    found = [clean(part) for part in _SENTENCE_END.split(str(error)) if part.strip()]
    if isinstance(error, core.ParameterTypeError):
        # Before the sentences of ours stand the lines that pydantic has for the same parameters.
        return [part for part in found if part.startswith("Flow '")] or found
    if isinstance(error, core.UnspecifiedFlowError):
        return found[:1]
    return found or [type(error).__name__]


def _script_raised(error: core.ScriptError) -> CliError:
    cause = error.user_exc
    hint = ""
    if isinstance(cause, ModuleNotFoundError):
        hint = f"is it installed for {sys.executable}?"
    return CliError(
        Code.SCRIPT_RAISED,
        clean(str(error).partition(" encountered ")[0]) + " raised while it was loaded",
        clean(f"{type_name(cause)}: {message(cause)}"),
        hint,
        detail=clean(_as_the_user_wrote_it(cause), lines=True),
    )


def _as_the_user_wrote_it(error: BaseException) -> str:
    """The traceback without the import machinery above the user's first line."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error))
    frame = error.__traceback__
    while frame is not None and _is_machinery(frame.tb_frame.f_code.co_filename):
        frame = frame.tb_next
    return format_exception(error.with_traceback(frame))


def _is_machinery(path: str) -> bool:
    return is_own(path) or path.startswith("<frozen importlib") or path == importlib.__file__


def _usage(error: click.UsageError) -> CliError:
    path = error.ctx.command_path if error.ctx else "noria"
    why = ""
    if isinstance(error, click.NoSuchOption):
        what = f"{path} has no option {error.option_name}"
        if error.ctx is not None:
            known = [name for param in error.ctx.command.params for name in param.opts]
            why = did_you_mean(error.option_name, [name for name in known if name.startswith("-")])
    else:
        what = error.format_message().rstrip(".")
    return CliError(Code.USAGE, what, why, f"see {path} --help")


def report(error: BaseException, settings: Settings | None, debug: bool, color: bool) -> int:
    """Print an error to stderr and return the exit code that goes with it."""
    known = explain(error)
    if known is None:
        known = _internal(error, settings)
    if debug:
        text = redactor.mask("".join(traceback.format_exception(error)))
        click.echo(text, err=True, nl=False)
    if known.detail:
        click.echo(redactor.mask(known.detail.rstrip("\n")), err=True)
    head, *rest = map(redactor.mask, known.lines())
    if color:
        label, _, what = head.partition(" ")
        head = f"{click.style(label, fg='red', bold=True)} {what}"
    click.echo("\n".join([head, *rest]), err=True, color=color or None)
    return known.code.exit


def _internal(error: BaseException, settings: Settings | None) -> CliError:
    path = _write_crash(error, settings)
    return CliError(
        Code.INTERNAL,
        f"a bug in noria: {type(error).__name__}: {error}",
        f"the details are in {path}" if path else "no crash file could be written",
        "run it again with --debug to see where it happened",
    )


def _write_crash(error: BaseException, settings: Settings | None) -> str | None:
    moment = clock.to_datetime(clock.now()).strftime("%Y%m%dT%H%M%S%fZ")
    text = (
        f"noria {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{' '.join(['noria', *map(_without_value, sys.argv[1:])])}\n\n"
        f"{''.join(traceback.format_exception(error))}"
    )
    folders = [os.path.join(settings.home_path, "crash")] if settings else []
    for folder in [*folders, os.path.join(tempfile.gettempdir(), "noria-crash")]:
        path = os.path.join(folder, f"{moment}-{os.getpid()}.txt")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with open(path, "x", encoding="utf-8", errors="replace") as file:
                file.write(redactor.mask(text))
        except OSError:
            continue
        return path
    return None


def _without_value(argument: str) -> str:
    # Parameters may be secrets, and a crash file is made to be sent to somebody.
    name, equals, _ = argument.partition("=")
    return f"{name}=..." if equals else "..." if argument[:1] in '{"[' else argument
