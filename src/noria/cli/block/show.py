"""`noria block show`: one block."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.block.rows import block_record, fields, find_reference, when
from noria.cli.output import dump, emit_object
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import iso


@click.command()
@click.argument("block", metavar="TYPE/NAME")
@click.option("--version", type=click.IntRange(1), help="An earlier version, counted from 1.")
@output_options
@pass_app
def show(app: App, block: str, version: int | None) -> None:
    """Show the fields of a block.

    Those that are secret are masked.
    """
    backend = backend_of(app)
    row = find_reference(backend, block, version)
    versions = backend.block_versions(row.id)
    if not app.for_people:
        history = [{"version": each.version, "updated": iso(each.updated)} for each in versions]
        emit_object(app, {**block_record(row), "fields": fields(row), "versions": history})
        return
    facts = {name: clean(_text(value)) for name, value in fields(row).items()}
    facts["version"] = f"{row.version} of {len(versions)}, saved {when(app, row.updated)}"
    space = max(map(len, facts))
    app.say(f"{row.slug}/{row.name}")
    for name, value in facts.items():
        app.say(f"  {app.paint(f'{name:<{space}}', 'dim')}  {value}")


def _text(value: object) -> str:
    return value if isinstance(value, str) else dump(value)
