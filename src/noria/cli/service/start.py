"""`noria service start` and `restart`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.service.rows import KINDS, daemons_of, fresh, named, show, timeout_option
from noria.cli.store import backend_of
from noria.cli.workers import note_unused
from noria.services.daemons import Daemon, Daemons, Standing, check_name

READY_SECONDS = 30.0


@click.command()
@click.argument("name", nargs=-1)
@click.option("--pool", "-p", "pools", multiple=True, help="Of a worker: a pool; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="Of a worker: so many runs at once.")
@click.option("--as", "alias", metavar="NAME", help="What the service is called.")
@output_options
@pass_app
def start(
    app: App, name: tuple[str, ...], pools: tuple[str, ...], limit: int | None, alias: str | None
) -> None:
    """Start services in the background.

    NAME is scheduler, worker, or a service that was started before; without one a scheduler and a
    worker for all pools are started. Returns when they are ready.
    """
    daemons = daemons_of(app)
    backend_of(app)  # A store that cannot be used is told of here, not in a log.
    wanted = _wanted(daemons, name or tuple(KINDS), pools, limit, alias)
    found = []
    for daemon in wanted:
        if daemons.is_minded(daemon.name):
            running = daemons.get(daemon.name) or daemon
            app.note(_runs_already(running, daemon))
            found.append(running)
        else:
            found.append(_started(daemons, daemon))
    _tell(app, daemons, found)
    note_unused(app, pools)


@click.command()
@click.argument("name", nargs=-1)
@timeout_option
@output_options
@pass_app
def restart(app: App, name: tuple[str, ...], timeout: float) -> None:
    """Stop services and start them.

    As they were started before; all of them without NAME.
    """
    daemons = daemons_of(app)
    backend_of(app)
    found = []
    for daemon in named(daemons, name):
        daemons.stop(daemon.name, timeout)
        found.append(_started(daemons, daemon))
    _tell(app, daemons, found)


def _runs_already(running: Daemon, wanted: Daemon) -> str:
    if running.command == wanted.command:
        return f"{wanted.name} runs already."
    return (
        f"{wanted.name} runs already, with other options; noria service stop {wanted.name} lets it "
        "be started with these."
    )


def _wanted(
    daemons: Daemons,
    names: Sequence[str],
    pools: tuple[str, ...],
    limit: int | None,
    alias: str | None,
) -> list[Daemon]:
    special = pools or limit is not None or alias is not None
    if special and list(names) != ["worker"]:
        raise CliError(
            Code.USAGE,
            "--pool, --limit and --as describe one worker",
            f"services: {' '.join(names)}",
            "noria service start worker --pool etl --limit 4",
        )
    if special:
        return [_worker(pools, limit, alias)]
    return [fresh(daemons, name) or named(daemons, [name])[0] for name in names]


def _worker(pools: tuple[str, ...], limit: int | None, alias: str | None) -> Daemon:
    name = alias or "-".join(["worker", *pools])
    fault = check_name(name)
    if fault is not None:
        raise CliError(
            Code.USAGE, f"a service cannot be called {name}", fault, "give it a name with --as"
        )
    command = ["worker", "start"]
    for pool in pools:
        command += ["--pool", pool]
    command += [] if pools else ["--all-pools"]
    command += [] if limit is None else ["--limit", str(limit)]
    return Daemon(name, [*command, "--name", name], os.getcwd())


def _started(daemons: Daemons, daemon: Daemon) -> Daemon:
    daemons.start(daemon)
    return daemons.wait_until_ready(daemon.name, READY_SECONDS) or daemon


def _tell(app: App, daemons: Daemons, found: Sequence[Daemon]) -> None:
    show(app, found)
    failed = [daemon for daemon in found if daemon.standing != Standing.RUNNING]
    if failed:
        name = failed[0].name
        sys.stdout.flush()
        raise CliError(
            Code.REFUSED,
            f"{name} is not running: {failed[0].verdict or failed[0].standing}",
            f"its log is {daemons.path(name, 'log')}",
            f"noria service logs {name}",
        )
