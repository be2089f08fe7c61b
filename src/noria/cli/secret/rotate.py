"""`noria secret rotate`: another key for everything that is encrypted."""

from __future__ import annotations

import click

from noria.blocks.storage import BlockStore
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object
from noria.cli.store import backend_of
from noria.console.wording import plural
from noria.values.keys import place_of


@click.command()
@output_options
@pass_app
def rotate(app: App) -> None:
    """Encrypt all secrets with another key.

    All of them, or none if one cannot be opened.

    Where Noria keeps the key, a new one is made. With NORIA_ENCRYPTION_KEY, put the new key before
    the old one, with a comma between them; once this is done, the old one can go.
    """
    done = BlockStore(backend_of(app), app.settings).rotate()
    if app.for_people:
        app.say(f"{plural(done.values, 'value')} encrypted with key {done.key}")
        if done.given_up and place_of(app.settings).fixed:
            app.note(f"NORIA_ENCRYPTION_KEY need no longer hold {', '.join(done.given_up)}.")
        return
    record = {"id": done.key, "key": done.key, "values": done.values}
    emit_object(app, {**record, "keys_given_up": list(done.given_up)})
