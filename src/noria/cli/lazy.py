"""Groups of commands whose modules are loaded only when a command is called."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import click

from noria.cli.errors import CliError, Code, did_you_mean


class Entry(NamedTuple):
    """Where a command is found, and the line that help shows for it."""

    module: str
    name: str
    help: str
    commands: Mapping[str, Entry] = {}
    """Those of a group, so that its names are known without loading it."""


class LazyGroup(click.Group):
    """A group made from a table."""

    def __init__(self, *args: Any, table: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(importlib.import_module(entry.module), entry.name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with.

        Raises:
            CliError: There is none; says which were near.
        """
        if args[0] in self.table or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        raise CliError(
            Code.UNKNOWN_COMMAND,
            f"{ctx.command_path} has no command {args[0]}",
            _nearest(args[0], self.table),
            f"see {ctx.command_path} --help",
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table as help shows it; nothing is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.table.items()])


def _nearest(word: str, table: Mapping[str, Entry]) -> str:
    paths = list(_paths(table))
    exact = [path for path in paths if path.split()[-1] == word]
    if exact:
        *others, last = exact
        return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"
    return did_you_mean(word, [path.split()[-1] for path in paths])


def _paths(table: Mapping[str, Entry], prefix: str = "") -> Iterator[str]:
    for name, entry in table.items():
        yield prefix + name
        yield from _paths(entry.commands, f"{prefix}{name} ")
