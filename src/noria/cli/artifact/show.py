"""`noria artifact show`: one artifact."""

from __future__ import annotations

from collections.abc import Iterator

import click

from noria.cli import records
from noria.cli.app import App, output_options, pass_app
from noria.cli.artifact import body
from noria.cli.artifact.rows import find_artifact, record
from noria.cli.output import Listing, Record, dump, emit, emit_object
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import ago, moment
from noria.core import clock
from noria.core.ids import to_text
from noria.core.records import ArtifactRow


@click.command()
@click.argument("artifact", metavar="KEY_OR_ID")
@click.option("--version", type=click.IntRange(min=1), help="An older version of the key.")
@output_options
@pass_app
def show(app: App, artifact: str, version: int | None) -> None:
    """Show an artifact.

    KEY_OR_ID is a key, whose newest version is shown, an id or the beginning of one. A terminal
    gets it rendered; a pipe gets the bare content, a table as tab-separated lines. With -o csv a
    table has a heading; with -o json there is everything.
    """
    row = find_artifact(backend_of(app), artifact, version)
    rows = body.table_rows(row)
    if app.for_people:
        for line in (*_header(app, row), "", *body.render(app, row), *_notes(app, row)):
            app.say(line)
    elif app.output in ("json", "jsonl"):
        app.say(dump(_document(row), 2 if app.output == "json" else None))
    elif rows is not None and app.output in (None, "csv"):
        emit(app, Listing(rows, lambda cells: cells, body.plain_columns(rows)))
    elif app.output is None:
        app.say(row.data)
    else:
        emit_object(app, _document(row))


def _document(row: ArtifactRow) -> Record:
    parse = row.format == "json" or row.kind == "table"
    return {**record(row), "data": records.parsed(row.data, None) if parse else row.data}


def _header(app: App, row: ArtifactRow) -> Iterator[str]:
    what = row.kind or "artifact"
    version = f", version {row.version}" if row.version else ""
    yield f"{app.paint(clean(row.key or to_text(row.id)), 'bold')}  {clean(what)}{version}"
    now = clock.now()
    yield _fact(app, "made", f"{moment(row.created, app.utc)}, {ago(row.created, now)}")
    if row.updated != row.created:
        yield _fact(app, "updated", f"{moment(row.updated, app.utc)}, {ago(row.updated, now)}")
    run = None if row.flow_run is None else backend_of(app).flow_run(row.flow_run)
    if run is not None:
        yield _fact(app, "run", f"{run.name}, of flow {run.flow_name}")
    for name, text in records.parsed(row.metadata, {}).items():
        yield _fact(app, str(name), str(text))
    if row.description:
        yield from ("", *body.markdown(app, row.description))


def _notes(app: App, row: ArtifactRow) -> Iterator[str]:
    if row.note is not None:
        yield from ("", app.paint(clean(row.note), "warn"))


def _fact(app: App, key: str, text: str) -> str:
    return f"  {app.paint(f'{clean(key):<8}', 'dim')} {clean(text)}"
