"""`noria db upgrade`: bring the store to this program's schema."""

from __future__ import annotations

import click

from noria.backend import stores
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object


@click.command()
@output_options
@pass_app
def upgrade(app: App) -> None:
    """Bring the store to the schema of this Noria.

    No older Noria can use it afterwards. A store that is not there yet is made.
    """
    before, after = stores.upgrade(app.settings.database)
    if not app.for_people:
        emit_object(
            app,
            {
                "id": after.location,
                "location": after.location,
                "schema_version_before": before.found,
                "schema_version": after.found,
            },
        )
    elif before.found == after.found:
        app.say(f"{after.location} has schema version {after.found}; there was nothing to do")
    elif before.found:
        app.say(f"{after.location} upgraded from schema version {before.found} to {after.found}")
    else:
        app.say(f"{after.location} made with schema version {after.found}")
