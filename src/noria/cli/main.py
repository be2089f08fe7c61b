"""The `noria` command: the table of commands, and the edge where errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from noria import __version__
from noria.cli.aliases import translated
from noria.cli.app import App, app_of, shared_options
from noria.cli.artifact import COMMANDS as ARTIFACT
from noria.cli.backfill import COMMANDS as BACKFILL
from noria.cli.block import COMMANDS as BLOCK
from noria.cli.breaker import COMMANDS as BREAKER
from noria.cli.config import COMMANDS as CONFIG
from noria.cli.db import COMMANDS as DB
from noria.cli.deployment import COMMANDS as DEPLOYMENT
from noria.cli.errors import Exit, report
from noria.cli.lazy import Entry, LazyGroup
from noria.cli.limit import COMMANDS as LIMIT
from noria.cli.pool import COMMANDS as POOL
from noria.cli.profile import COMMANDS as PROFILE
from noria.cli.queue import COMMANDS as QUEUE
from noria.cli.runs import COMMANDS as RUNS
from noria.cli.schedule import COMMANDS as SCHEDULE
from noria.cli.secret import COMMANDS as SECRET
from noria.cli.service import COMMANDS as SERVICE
from noria.cli.services import COMMANDS as SERVICES
from noria.cli.var import COMMANDS as VAR
from noria.cli.worker import COMMANDS as WORKER
from noria.core.errors import ConfigurationError, MissingProfileError, TerminationSignal
from noria.core.settings import Settings

COMMANDS: Mapping[str, Entry] = {
    "run": Entry("noria.cli.run", "run", "Run a flow in this process."),
    "runs": Entry("noria.cli.runs", "runs", "Look at runs, and act on them.", RUNS),
    "artifact": Entry("noria.cli.artifact", "artifact", "Look at what runs have made.", ARTIFACT),
    "var": Entry("noria.cli.var", "var", "Look at variables, and set them.", VAR),
    "limit": Entry("noria.cli.limit", "limit", "Limit how much happens at a time.", LIMIT),
    "secret": Entry("noria.cli.secret", "secret", "Keep secrets, encrypted.", SECRET),
    "block": Entry("noria.cli.block", "block", "Look at saved configuration.", BLOCK),
    "breaker": Entry(
        "noria.cli.breaker", "breaker", "Look at circuit breakers, and switch them.", BREAKER
    ),
    "stats": Entry(
        "noria.cli.stats", "stats", "Show how long a task takes and how often it fails."
    ),
    "deploy": Entry("noria.cli.deploy", "deploy", "Deploy what a file says."),
    "deployment": Entry(
        "noria.cli.deployment", "deployment", "Look at deployments, and act on them.", DEPLOYMENT
    ),
    "pool": Entry("noria.cli.pool", "pool", "Look at pools of work, and change them.", POOL),
    "queue": Entry(
        "noria.cli.queue", "queue", "Look at the queues of pools, and change them.", QUEUE
    ),
    "backfill": Entry(
        "noria.cli.backfill",
        "backfill",
        "Make the runs that schedules have missed, and look after them.",
        BACKFILL,
    ),
    "worker": Entry("noria.cli.worker", "worker", "Run what deployments have due.", WORKER),
    "services": Entry(
        "noria.cli.services", "services", "Look after schedules, late and dead runs.", SERVICES
    ),
    "service": Entry(
        "noria.cli.service", "service", "Keep workers running in the background.", SERVICE
    ),
    "up": Entry("noria.cli.up", "up", "Run all that is needed in this terminal."),
    "schedule": Entry(
        "noria.cli.schedule",
        "schedule",
        "See when something is due, and let schedules rest.",
        SCHEDULE,
    ),
    "db": Entry("noria.cli.db", "db", "Look after the store that keeps the records.", DB),
    "profile": Entry(
        "noria.cli.profile", "profile", "Name sets of settings, and choose among them.", PROFILE
    ),
    "config": Entry("noria.cli.config", "config", "See settings and where they come from.", CONFIG),
    "version": Entry("noria.cli.version", "version", "Print the versions of noria and its parts."),
    "completion": Entry("noria.cli.completion", "completion", "Print a shell's completion script."),
}


class _PipeClosedError(Exception):
    """Nobody reads stdout any more."""


class Main(LazyGroup):
    """The root of all commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, also by the name that Prefect has for it."""
        return super().resolve_command(ctx, translated(args))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; that the reader of stdout went away is told to `main`, not to click."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _PipeClosedError from error

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run one command and exit with its code."""
        app = extra.setdefault("obj", None) or App(os.environ)
        extra["obj"] = app
        try:
            code = super().main(
                args,
                "noria",
                complete_var,
                False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
            sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - this is the edge
            code = _exit_code(error, app)
        finally:
            app.close()
        sys.exit(code or Exit.OK)


def _exit_code(error: BaseException, app: App) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else Exit.RUN_FAILED
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Exit.INTERRUPTED
    if isinstance(error, TerminationSignal):
        return Exit.TERMINATED
    if isinstance(error, BrokenPipeError | _PipeClosedError):
        _forget_stdout()
        return Exit.PIPE_CLOSED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    return report(error, _settings(app), app.debug, app.colors(sys.stderr))


def _forget_stdout() -> None:
    # The interpreter flushes stdout at its end, and would complain about the closed pipe again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _settings(app: App) -> Settings | None:
    try:
        return app.settings
    except (ConfigurationError, MissingProfileError):
        return None


@click.group(
    cls=Main,
    table=COMMANDS,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes and error codes: docs/cli.md.",
)
@click.version_option(__version__, message="noria %(version)s")
@shared_options
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run flows, and look at what ran."""
    app_of(ctx)


def main() -> None:
    """The console script."""
    cli.main()
