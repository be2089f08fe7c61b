"""`noria backfill`: the runs that schedules have missed."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

START = "start"
COMMANDS: Mapping[str, Entry] = {
    START: Entry(
        "noria.cli.backfill.start", "start", "Make missed runs; the word start may be left out."
    ),
    "ls": Entry(
        "noria.cli.backfill.ls",
        "ls",
        "List backfills, newest first: all, or those of a deployment.",
    ),
    "show": Entry("noria.cli.backfill.show", "show", "Show what has become of a backfill."),
    "cancel": Entry("noria.cli.backfill.cancel", "cancel", "Cancel what waits of a backfill."),
}
_FLAGS = ("--utc", "--debug")
_WITH_VALUE = ("--color", "--profile", "--env-file")


class BackfillGroup(LazyGroup):
    """A group in which anything but a command is meant for `start`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `start` before what is meant for it."""
        place = _after_shared(args)
        rest = args[place:]
        if rest and rest[0] not in self.table and rest[0] not in ctx.help_option_names:
            args = [*args[:place], START, *rest]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or the one that a deployment's name is meant for."""
        return super().get_command(ctx, cmd_name if cmd_name in self.table else START)


def _after_shared(args: list[str]) -> int:
    """Where the arguments begin, behind the options that every command takes."""
    place = 0
    while place < len(args):
        name, equals, _ = args[place].partition("=")
        if name in _WITH_VALUE:
            place += 1 if equals else 2
        elif name in _FLAGS:
            place += 1
        else:
            break
    return place


@click.group(cls=BackfillGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def backfill() -> None:
    """Make the runs that schedules have missed, and look after them.

    noria backfill DEPLOYMENT --from TIME --to TIME makes them; noria backfill start --help tells of
    its options.
    """
