"""`noria service logs`."""

from __future__ import annotations

import os
from collections import deque
from typing import TextIO

import click

from noria.cli.app import App, pass_app, shared_options
from noria.cli.errors import CliError, Code
from noria.cli.service.rows import daemons_of, named
from noria.core import clock

LOOK_SECONDS = 0.2


@click.command()
@click.argument("name")
@click.option("--lines", "-n", type=click.IntRange(min=0), default=100, show_default=True)
@click.option("--follow", "-f", is_flag=True, help="Go on printing until Ctrl-C.")
@shared_options
@pass_app
def logs(app: App, name: str, lines: int, follow: bool) -> None:
    """Print what a service has written."""
    daemons = daemons_of(app)
    (daemon,) = named(daemons, [name])
    path = daemons.path(daemon.name, "log")
    try:
        file = open(path, encoding="utf-8", errors="replace")  # noqa: SIM115 - may be followed
    except FileNotFoundError:
        raise CliError(
            Code.UNKNOWN_OBJECT, f"{name} has written nothing", f"there is no {path}", ""
        ) from None
    with file:
        for line in deque(file, maxlen=lines):
            app.say(line.rstrip("\n"))
        if follow:
            _follow(app, path, file)


def _follow(app: App, path: str, file: TextIO) -> None:
    """Go on behind the end, also in the file that has taken the place of a full one."""
    number = _number(path)
    while True:
        line = file.readline()
        if line:
            app.say(line.rstrip("\n"))
            continue
        clock.pause(LOOK_SECONDS)
        if _number(path) not in (number, None):
            with open(path, encoding="utf-8", errors="replace") as following:
                return _follow(app, path, following)


def _number(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None
