"""`noria var get`: the value of a variable."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.var.rows import find_variable, record, value_text


@click.command()
@click.argument("name")
@output_options
@pass_app
def get(app: App, name: str) -> None:
    """Print the value of a variable.

    A text is printed as it is, all else as JSON.
    """
    row = find_variable(backend_of(app), name)
    if app.output in (None, "table"):
        text = value_text(row)
        app.say(clean(text, lines=True) if app.for_people else text)
    else:
        emit_object(app, record(row))
