"""`noria runs`: what ran, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.runs.ls", "ls", "List runs, newest first."),
    "show": Entry("noria.cli.runs.show", "show", "Show a run as a tree with a timeline."),
    "logs": Entry("noria.cli.runs.logs", "logs", "Print the log of a run."),
    "resume": Entry("noria.cli.runs.resume", "resume", "Go on with a run that did not complete."),
    "waiting": Entry("noria.cli.runs.waiting", "waiting", "List what waits for a person."),
    "approve": Entry(
        "noria.cli.runs.approve", "approve", "Let a run go on that waits for a person."
    ),
    "reject": Entry(
        "noria.cli.runs.approve", "reject", "Refuse a run that waits: it is cancelled."
    ),
    "fork": Entry("noria.cli.runs.resume", "fork", "Go on from a run as a new run."),
    "cancel": Entry("noria.cli.runs.cancel", "cancel", "Ask runs to stop."),
    "rm": Entry("noria.cli.runs.rm", "rm", "Delete runs and all they recorded."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def runs() -> None:
    """Look at runs, and act on them.

    RUN is a full id, a beginning of one that is unambiguous, a run's name, or @last.
    """
