"""`noria pool rm`: forget what was said of pools."""

from __future__ import annotations

import click

from noria.backend.pools_port import PoolUse
from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.output import emit
from noria.cli.pools import find_pool, listing
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.var.rm import can_ask
from noria.console.wording import plural
from noria.core import clock


@click.command()
@click.argument("name", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, name: tuple[str, ...], yes: bool) -> None:
    """Forget what was said of pools.

    Limits, pauses and queues go; deployments that name the pool stay, and so do their runs that
    wait. What was removed is printed.
    """
    backend, now = backend_of(app), clock.now()
    found = [_said(backend, each, now) for each in dict.fromkeys(name)]
    if not yes:
        _confirm(app, found)
    gone = [use for use in found if backend.delete_pool(use.pool.name)]
    emit(app, listing(gone))
    for use in gone:
        if app.for_people and use.deployments:
            app.note(clean(f"{_stays(use)}, and so does what waits in it."))


def _said(backend: Backend, name: str, now: int) -> PoolUse:
    use = find_pool(backend, name, now)
    said_of_queues = any(each.queue.created for each in backend.queues(name, now))
    if use.pool.created or said_of_queues:
        return use
    raise CliError(
        Code.CONFLICT,
        f"nothing was set of pool {name}, so that there is nothing to remove",
        _stays(use) if use.deployments else "",
        "see noria deployment ls" if use.deployments else "",
    )


def _stays(use: PoolUse) -> str:
    one = use.deployments == 1
    names, stays = ("names", "stays") if one else ("name", "stay")
    return f"{plural(use.deployments, 'deployment')} that {names} {use.pool.name} {stays}"


def _confirm(app: App, found: list[PoolUse]) -> None:
    if not can_ask():
        raise CliError(
            Code.CONFIRM,
            f"will not remove {plural(len(found), 'pool')} without being sure",
            "there is no terminal to ask on",
            "say so with --yes",
        )
    for use in found:
        stays = f"; {_stays(use)}" if use.deployments else ""
        app.note(
            clean(f"  {use.pool.name}  {use.under_way} under way, {use.waiting} waiting{stays}")
        )
    click.confirm(f"Remove {plural(len(found), 'pool')}?", abort=True, err=True)
