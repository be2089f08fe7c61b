"""Artifacts as they are named and listed."""

from __future__ import annotations

from collections.abc import Sequence

from noria.backend.port import ArtifactFilter, Backend
from noria.cli import records
from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Record
from noria.cli.references import SHORT
from noria.cli.text import clean
from noria.cli.timefmt import ago, iso, moment
from noria.core import clock
from noria.core.ids import to_text
from noria.core.records import ArtifactRow

_LONGER = (18, 23, 28)
_CANDIDATES = 5
_KNOWN_KEYS = 1000


def record(row: ArtifactRow) -> Record:
    """An artifact for programs, without its data."""
    return {
        "id": to_text(row.id),
        "key": row.key,
        "version": row.version,
        "type": row.kind,
        "summary": row.summary,
        "description": row.description,
        "note": row.note,
        "metadata": records.parsed(row.metadata, None),
        "created": iso(row.created),
        "updated": iso(row.updated),
        "flow_run_id": None if row.flow_run is None else to_text(row.flow_run),
        "task_run_id": None if row.task_run is None else to_text(row.task_run),
    }


def columns(app: App, backend: Backend) -> Sequence[Column[ArtifactRow]]:
    """The columns of `noria artifact ls`."""
    now = clock.now()
    names: dict[bytes, str] = {}

    def updated(row: ArtifactRow) -> str:
        return moment(row.updated, app.utc) if app.utc else ago(row.updated, now)

    def run(row: ArtifactRow) -> str:
        if row.flow_run is None:
            return ""
        if row.flow_run not in names:
            found = backend.flow_run(row.flow_run)
            names[row.flow_run] = "" if found is None else found.name
        return names[row.flow_run]

    return (
        Column("id"),
        Column("key", "ARTIFACT", lambda row: row.key or reference(backend, row)),
        Column("version", "VERSION", lambda row: str(row.version or ""), right=True),
        Column("type", "TYPE", lambda row: row.kind or ""),
        Column("summary", "SUMMARY", lambda row: row.summary, shrinks=True),
        Column("updated", "UPDATED", updated),
        Column("flow_run_id", "RUN", run, lambda _row: "dim", shrinks=True),
    )


def reference(backend: Backend, row: ArtifactRow) -> str:
    """What names an artifact on the command line: its key, or the least letters of its id."""
    if row.key is not None:
        return row.key
    text = to_text(row.id)
    for length in (SHORT, *_LONGER):
        if len(backend.find_artifacts(text[:length])) <= 1:
            return text[:length]
    return text


def find_artifact(backend: Backend, named: str, version: int | None) -> ArtifactRow:
    """The one artifact that is meant, with its data.

    Raises:
        CliError: There is none, or there are several; with what may have been meant.
    """
    if version is None:
        found = backend.find_artifacts(named)
    else:
        found = backend.artifacts(ArtifactFilter(key=named, version=version, limit=1))
    if len(found) > 1:
        shown = [clean(f"{to_text(row.id)}  {row.summary}") for row in found[:_CANDIDATES]]
        raise CliError(
            Code.UNKNOWN_OBJECT,
            f"{named} names more than one artifact",
            "\n".join(shown),
            "name one by its whole id",
        )
    row = backend.artifact(found[0].id) if found else None
    if row is None:
        raise _unknown(backend, named, version)
    return row


def _unknown(backend: Backend, named: str, version: int | None) -> CliError:
    newest = backend.artifacts(ArtifactFilter(key=named, latest=True)) if version else []
    if newest:
        return CliError(
            Code.UNKNOWN_OBJECT,
            f"artifact {named} has no version {version}",
            f"its newest version is {newest[0].version}",
            f"list them: noria artifact ls --key {named}",
        )
    known = backend.artifacts(ArtifactFilter(latest=True, limit=_KNOWN_KEYS))
    return CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no artifact {named}",
        did_you_mean(named, [row.key or "" for row in known])
        or "it is no key, no id and no beginning of one",
        "list them: noria artifact ls --all",
    )
