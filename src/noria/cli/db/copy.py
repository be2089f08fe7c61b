"""`noria db copy`: all that a store holds, into another."""

from __future__ import annotations

import click

from noria.backend import stores
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import Column, Listing, Record, emit
from noria.console.wording import plural
from noria.core.settings import store_location


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--merge", is_flag=True, help="Add to what is there; what both have stays.")
@output_options
@pass_app
def copy(app: App, source: str, target: str, merge: bool) -> None:
    """Copy all that the store SOURCE holds into TARGET.

    Both are URLs: sqlite:///path/to/file.db or postgresql://USER:PASSWORD@HOST:PORT/DATABASE. All
    is copied or nothing; what arrived is read again and compared. Results that do not stand in the
    store are not copied. SOURCE stays as it is.
    """
    done = stores.copy(store_location(source, "SOURCE"), store_location(target, "TARGET"), merge)
    told = [each for each in done if each.rows or each.kept] if app.for_people else done
    emit(app, Listing(told, _record, COLUMNS))
    if app.for_people:
        app.say(f"{plural(sum(each.rows for each in done), 'row')} copied; all arrived as sent")


def _record(row: stores.Copied) -> Record:
    return {"id": row.table, **row._asdict()}


COLUMNS: tuple[Column[stores.Copied], ...] = (
    Column("table", "TABLE", lambda row: row.table),
    Column("rows", "COPIED", lambda row: f"{row.rows:,}", right=True),
    Column("kept", "LEFT OUT", lambda row: f"{row.kept:,}", right=True),
    Column("checksum", "CHECKSUM", lambda row: row.checksum[:12], lambda row: "dim"),
)
