"""`noria run`: run a flow in this process."""

from __future__ import annotations

import click

from noria.cli import entrypoint
from noria.cli.app import App, output_options, pass_app
from noria.cli.loading import call, load
from noria.cli.outcome import finish
from noria.cli.parameters import read_parameters


@click.command(
    epilog="\b\nnoria run flights.py\nnoria run flights.py:load -p year=2013 -p 'months=[1, 2]'\n"
    "noria run package.module:flow --params @parameters.json"
)
@click.argument("target", metavar="FILE_OR_MODULE[:FLOW]")
@click.option(
    "-p",
    "--param",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter: JSON where it is JSON, else text.",
)
@click.option(
    "--params",
    "document",
    metavar="JSON|@FILE|-",
    help="All parameters: a JSON object, a file of one, or stdin.",
)
@output_options
@pass_app
def run(app: App, target: str, assignments: tuple[str, ...], document: str | None) -> None:
    """Run a flow in this process.

    What happens is told on stderr; stdout is the flow's own, unless a format
    is asked for with -o.
    """
    place = entrypoint.parse(target)
    with app.quiet():
        flow = load(place)
        state = call(flow, read_parameters(flow.spec, document, assignments))
    finish(app, state)
