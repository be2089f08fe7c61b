"""`noria deployment rm`: delete deployments."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.deployment.rows import columns, deployment_record, find_deployment, full_name
from noria.cli.errors import CliError, Code
from noria.cli.output import Column, Listing, emit
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.var.rm import can_ask
from noria.console.wording import plural
from noria.core import clock
from noria.core.records import DeploymentRow


@click.command()
@click.argument("deployment", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, deployment: tuple[str, ...], yes: bool) -> None:
    """Delete deployments.

    Their runs stay; those that wait are cancelled. What was deleted is printed.
    """
    backend = backend_of(app)
    rows = [find_deployment(backend, each) for each in dict.fromkeys(deployment)]
    count = plural(len(rows), "deployment")
    if not yes:
        if not can_ask():
            raise CliError(
                Code.CONFIRM,
                f"will not delete {count} without being sure",
                "there is no terminal to ask on",
                "say so with --yes",
            )
        for row in rows:
            app.note(clean(f"  {full_name(row)}"))
        click.confirm(f"Delete {count}?", abort=True, err=True)
    told = {row.id: deployment_record(backend, row) for row in rows}
    name: Column[DeploymentRow] = columns(app, backend)[0]
    gone = [row for row in rows if backend.delete_deployment(row.id, clock.now())]
    emit(app, Listing(gone, lambda row: told[row.id], (name,)))
