"""`noria db info`: what is in the store."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object
from noria.cli.store import backend_of
from noria.cli.text import bytes_text
from noria.core.retention import describe


@click.command()
@output_options
@pass_app
def info(app: App) -> None:
    """Say where the store is and what is in it."""
    found = backend_of(app).info()
    if not app.for_people:
        emit_object(
            app,
            {
                "id": found.location,
                "location": found.location,
                "schema_version": found.schema,
                "size": found.size,
                "results_location": app.settings.results_path,
                "results_size": found.results_size,
                "retention": describe(app.settings.retention_rules),
                "rows": found.rows,
            },
        )
        return
    facts = {
        "store": found.location,
        "schema": str(found.schema),
        "size": bytes_text(found.size),
        "results": bytes_text(found.results_size),
        "result files": app.settings.results_path,
        "runs are kept": describe(app.settings.retention_rules).replace(",", " "),
        **{kind.replace("_", " "): f"{count:,}" for kind, count in found.rows.items()},
    }
    space = max(map(len, facts))
    for key, value in facts.items():
        app.say(f"{app.paint(f'{key:<{space}}', 'dim')}  {value}")
