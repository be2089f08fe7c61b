"""`noria config view`: every setting, its value and its origin."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import Column, Listing, Record, emit
from noria.core.profiles import Origin, nearest, origins, unknown_variables, variables
from noria.engine.settings_files import layers


@click.command()
@click.option("--changed", is_flag=True, help="Only those that are not as they come.")
@output_options
@pass_app
def view(app: App, changed: bool) -> None:
    """Show every setting, its value, and where it comes from.

    The environment wins over a .env file, that over the profile in use, that over the default.
    Secrets are hidden.
    """
    rows = origins(layers(app.environ))
    if changed:
        rows = [row for row in rows if row.origin != "default"]
    shown = emit(app, Listing(rows, record, COLUMNS))
    if app.for_people and not shown:
        app.note("All settings are as they come.")
    for name in unknown_variables(app.environ):
        app.note(f"{name} is in the environment, but no setting.{nearest(name, variables())}")


def record(row: Origin) -> Record:
    """A setting for programs."""
    return {
        "id": row.variable,
        "value": row.text,
        "origin": row.origin,
        "secret": row.secret,
    }


def _dim_default(row: Origin) -> str:
    return "dim" if row.origin == "default" else ""


COLUMNS = (
    Column[Origin]("id", "SETTING", lambda row: row.variable, _dim_default),
    Column[Origin]("value", "VALUE", lambda row: row.text or "–", _dim_default, shrinks=True),
    Column[Origin]("origin", "ORIGIN", lambda row: row.origin, _dim_default, shrinks=True),
)
