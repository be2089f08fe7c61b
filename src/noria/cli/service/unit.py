"""`noria service unit`: the same services, looked after by systemd."""

from __future__ import annotations

import getpass
import os
import re
import sys

import click

from noria.cli.app import App, pass_app, shared_options
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.service.rows import KINDS, daemons_of, fresh
from noria.services.daemons import Daemon, noria_command

_UNIT = """\
# {file}
[Unit]
Description=Noria: {name}
After=network-online.target postgresql.service
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
WorkingDirectory={folder}
{user}Environment={home}
Environment="PYTHONUNBUFFERED=1"
# What is secret, such as NORIA_DATABASE_URL with a password, stands in a file of its own.
EnvironmentFile=-{environment}
# Runs under way are let end; after that long they are stopped.
KillMode=mixed
KillSignal=SIGTERM
TimeoutStopSec=300
Restart=on-failure
RestartSec=2

[Install]
WantedBy={target}
"""


@click.command()
@click.argument("name", nargs=-1)
@click.option("--user-unit", is_flag=True, help="For systemctl --user, without being root.")
@click.option("--run-as", metavar="USER", help="The user that it runs as; you by default.")
@shared_options
@pass_app
def unit(app: App, name: tuple[str, ...], user_unit: bool, run_as: str | None) -> None:
    """Print units for systemd.

    Of a scheduler and a worker, or of the services NAME.

    noria service unit worker > /etc/systemd/system/noria-worker.service
    """
    daemons = daemons_of(app)
    for place, each in enumerate(name or tuple(KINDS)):
        daemon = fresh(daemons, each)
        if daemon is None:
            known = [*KINDS, *(daemon.name for daemon in daemons.all())]
            raise CliError(
                Code.UNKNOWN_OBJECT,
                f"there is no service {each}",
                did_you_mean(each, known),
                f"expected one of {', '.join(dict.fromkeys(known))}",
            )
        if place:
            app.say()
        app.say(_text(app, daemon, user_unit, run_as).rstrip())


def _text(app: App, daemon: Daemon, user_unit: bool, run_as: str | None) -> str:
    user = "" if user_unit else f"User={run_as or _me()}\n"
    home = app.settings.home_path
    place = "~/.config/systemd/user" if user_unit else "/etc/systemd/system"
    return _UNIT.format(
        file=f"{place}/noria-{daemon.name}.service",
        name=daemon.name,
        command=" ".join(map(_quoted, noria_command(daemon.command))).replace("$", "$$"),
        folder=_escaped(daemon.folder),
        user=user,
        home=_quoted(f"NORIA_HOME={home}", always=True),
        environment=_escaped(os.path.join(home, "noria.env")),
        target="default.target" if user_unit else "multi-user.target",
    )


def _escaped(text: str) -> str:
    """As systemd reads it: what a percent sign begins stands for something else there."""
    return text.replace("%", "%%")


def _quoted(text: str, always: bool = False) -> str:
    """As one word."""
    text = _escaped(text)
    if not always and re.fullmatch(r"[\w./:=@%+-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        sys.stderr.write("noria: this user has no name; User= has its number\n")
        return str(os.getuid())
