"""`noria db status`: whether the store can be used by this program."""

from __future__ import annotations

import click

from noria.backend import stores
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object


@click.command()
@output_options
@pass_app
def status(app: App) -> None:
    """Say whether this Noria can use the store.

    Nothing is made or changed.
    """
    found = stores.status(app.settings.database)
    pending = found.known - found.found if found.found else 0
    if not app.for_people:
        emit_object(
            app,
            {
                "id": found.location,
                "location": found.location,
                "server": found.kind,
                "exists": found.found > 0,
                "schema_version": found.found,
                "needed_version": found.known,
            },
        )
        return
    schema = f"version {found.found}"
    if not found.found:
        schema = f"not there yet; the first run makes version {found.known}"
    elif pending:
        schema += f", version {found.known} is needed: noria db upgrade"
    for key, value in (("store", found.location), ("kept by", found.kind), ("schema", schema)):
        app.say(f"{app.paint(f'{key:<7}', 'dim')}  {value}")
