"""`noria limit rm`: remove limits."""

from __future__ import annotations

import sys

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.limit.rows import columns, find_limit, full_name, record
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.console.wording import plural
from noria.core import clock
from noria.core.slots import LimitUse


@click.command()
@click.argument("name", nargs=-1, required=True)
@click.option("--tag", is_flag=True, help="NAME is a tag.")
@click.option("--run-tag", is_flag=True, help="NAME is a tag of deployments.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, name: tuple[str, ...], tag: bool, run_tag: bool, yes: bool) -> None:
    """Remove limits.

    Who waits for one goes on at once. What was removed is printed.
    """
    backend = backend_of(app)
    found = [find_limit(backend, full_name(each, tag, run_tag)) for each in dict.fromkeys(name)]
    if not yes:
        _confirm(app, found)
    now = clock.now()
    gone = [use for use in found if backend.delete_limit(use.limit.name, now)]
    emit(app, Listing(gone, record, columns(app)))


def can_ask() -> bool:
    """Whether there is a person to answer."""
    return sys.stdin.isatty()


def _confirm(app: App, found: list[LimitUse]) -> None:
    if not can_ask():
        raise CliError(
            Code.CONFIRM,
            f"will not remove {plural(len(found), 'limit')} without being sure",
            "there is no terminal to ask on",
            "say so with --yes",
        )
    for use in found:
        app.note(clean(f"  {use.limit.name}  {use.held} held, {use.waiting} waiting"))
    click.confirm(f"Remove {plural(len(found), 'limit')}?", abort=True, err=True)
