"""`noria service`: workers and loops that run in the background of this machine."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "start": Entry("noria.cli.service.start", "start", "Start services in the background."),
    "stop": Entry("noria.cli.service.stop", "stop", "Stop services."),
    "restart": Entry("noria.cli.service.start", "restart", "Stop services and start them."),
    "status": Entry("noria.cli.service.status", "status", "Say how services stand."),
    "logs": Entry("noria.cli.service.logs", "logs", "Print what a service has written."),
    "unit": Entry("noria.cli.service.unit", "unit", "Print units for systemd."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def service() -> None:
    """Keep workers running in the background.

    On this machine, and a scheduler with them. What dies is started again. After a restart of the
    machine nothing is: noria service unit prints units for systemd, which sees to that.
    """
