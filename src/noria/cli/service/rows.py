"""Services as they are printed, and as they are named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import click

from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Listing, Record, emit
from noria.cli.timefmt import ago, iso
from noria.core import clock
from noria.services.daemons import Daemon, Daemons, Standing

DRAIN_SECONDS = 60.0
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=DRAIN_SECONDS,
    show_default=True,
    help="Seconds that runs under way may take to end before they are stopped.",
)
KINDS = {
    "scheduler": ["services", "start"],
    "worker": ["worker", "start", "--all-pools"],
}
"""What there is, with how it is started."""
_STYLES = {
    Standing.RUNNING: "ok",
    Standing.FAILED: "fail",
    Standing.WAITING: "warn",
    Standing.STOPPED: "dim",
}


def daemons_of(app: App) -> Daemons:
    """The services of the home in use."""
    return Daemons(app.settings.home_path)


def fresh(daemons: Daemons, name: str) -> Daemon | None:
    """A service to be started as it was before, or as one of its kind is; None when nothing is
    known of that name."""
    before = daemons.get(name)
    if before is not None:
        return Daemon(name, list(before.command), before.folder)
    return Daemon(name, list(KINDS[name]), os.getcwd()) if name in KINDS else None


def named(daemons: Daemons, names: Sequence[str]) -> list[Daemon]:
    """The services of these names, or all.

    Raises:
        CliError: There is none of a name.
    """
    known = daemons.all()
    if not names:
        return known
    found = {each.name: each for each in known}
    for name in names:
        if name not in found:
            raise CliError(
                Code.UNKNOWN_OBJECT,
                f"there is no service {name}",
                did_you_mean(name, list(found))
                or f"there are: {', '.join(found) or 'none, since none was ever started'}",
                "see noria service status",
            )
    return [found[name] for name in dict.fromkeys(names)]


def show(app: App, found: Iterable[Daemon]) -> None:
    """Print services."""
    if not emit(app, Listing(list(found), record, columns(app))) and app.for_people:
        app.note("No services; noria service start starts a scheduler and a worker.")


def record(daemon: Daemon) -> Record:
    """A service for programs."""
    return {
        "id": daemon.name,
        "standing": str(daemon.standing),
        "pid": daemon.pid,
        "since": None if daemon.since is None else iso(daemon.since),
        "restarts": daemon.restarts,
        "verdict": daemon.verdict,
        "command": daemon.command,
        "folder": daemon.folder,
    }


def columns(app: App) -> Sequence[Column[Daemon]]:
    """Name, how it stands, since when, how often it died, what it does."""

    def since(daemon: Daemon) -> str:
        return "" if daemon.since is None or not daemon.pid else ago(daemon.since, clock.now())

    def remarks(daemon: Daemon) -> str:
        if daemon.standing == Standing.FAILED:
            return "its minder was killed; noria service start starts it again"
        return daemon.verdict or "" if daemon.standing == Standing.WAITING else ""

    return (
        Column("id", "SERVICE", lambda daemon: daemon.name),
        Column(
            "standing",
            "STATE",
            lambda daemon: str(daemon.standing),
            lambda daemon: _STYLES.get(Standing(daemon.standing), ""),
        ),
        Column("pid", "PID", lambda daemon: str(daemon.pid or ""), right=True),
        Column("since", "SINCE", since),
        Column("restarts", "DIED", lambda daemon: str(daemon.restarts or ""), right=True),
        Column(
            "command", "COMMAND", lambda daemon: "noria " + " ".join(daemon.command), shrinks=True
        ),
        Column("verdict", "", remarks, shrinks=True),
    )
