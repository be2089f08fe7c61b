"""Artifacts on their way from a run to the journal, and back."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from noria.backend.port import ArtifactFilter
from noria.core import clock, ids
from noria.core.errors import ObjectNotFound
from noria.core.records import ArtifactRow
from noria.engine.context import FlowRunContext, innermost
from noria.engine.forks import new_lock
from noria.engine.session import open_session

if TYPE_CHECKING:
    from noria.engine.execution import FlowExecution
    from noria.engine.opening import Session
    from noria.engine.runs import TaskRun

WARNING = 30
_REMEMBERED = 256
PROGRESS = "progress"
"""The kind of artifact that is updated."""

# Progress is told often: what was written here last need not be read back from the store.
_recent: OrderedDict[bytes, ArtifactRow] = OrderedDict()
_lock = new_lock()


class Content(NamedTuple):
    """What an artifact holds, as it is stored."""

    format: str
    data: str
    summary: str
    note: str | None = None


class _Here(NamedTuple):
    session: Session
    execution: FlowExecution | None
    task_run: TaskRun | None


def _here() -> _Here:
    context = innermost()
    if context is None:
        return _Here(open_session(), None, None)
    if isinstance(context, FlowRunContext):
        return _Here(context.execution.session, context.execution, None)
    flow = context.flow_context
    if flow is None:
        return _Here(open_session(), None, context.task_run)
    return _Here(flow.execution.session, flow.execution, context.task_run)


def create(
    key: str | None,
    kind: str | None,
    content: Content,
    description: str | None,
    metadata: str | None,
    flow_run: bytes | None,
    task_run: bytes | None,
) -> ArtifactRow:
    """Put a new artifact on record, with the run around the call unless another one is given.

    Outside flow runs it is stored when this returns.
    """
    here = _here()
    if flow_run is None and here.execution is not None:
        flow_run = here.execution.flow_run.raw_id
    if task_run is None and here.task_run is not None:
        task_run = here.task_run.raw_id
    now = clock.now()
    row = ArtifactRow(
        ids.new_id(),
        key,
        kind,
        content.summary,
        now,
        now,
        flow_run,
        task_run,
        metadata,
        description,
        content.note,
        content.format,
        content.data,
    )
    _record(here, row)
    if content.note is not None:
        warn(f"Artifact {key or kind!r}: {content.note}")
    return row


def update_progress(artifact: bytes, content: Content, description: str | None) -> None:
    """Put a later progress of an artifact on record.

    Raises:
        ObjectNotFound: There is no such artifact.
        ValueError: It is no progress.
    """
    here = _here()
    row = _recent.get(artifact) or read(artifact)
    if row is None:
        raise ObjectNotFound(help_message=f"There is no artifact {ids.to_text(artifact)}.")
    if row.kind != PROGRESS:
        raise ValueError(
            f"Artifact {ids.to_text(artifact)} is no progress but a {row.kind}; create a new one "
            "under the same key instead."
        )
    row = row._replace(
        format=content.format,
        data=content.data,
        summary=content.summary,
        note=content.note,
        description=description or row.description,
        # The store keeps the later row, also when the clock was set back.
        updated=max(clock.now(), row.updated),
    )
    _record(here, row)


def read(artifact: bytes) -> ArtifactRow | None:
    """An artifact with its data, one that is not committed yet included."""
    session = _here().session
    session.journal.flush()
    return session.backend.artifact(artifact)


def find(key: str | None) -> ArtifactRow | None:
    """The artifact of a key, or of any, that was made or updated last."""
    session = _here().session
    session.journal.flush()
    found = session.backend.artifacts(ArtifactFilter(key=key, limit=1))
    return session.backend.artifact(found[0].id) if found else None


def warn(message: str) -> None:
    """Say something to the maker of an artifact: in the run's log, outside runs to `logging`."""
    here = _here()
    if here.execution is not None:
        here.execution.log(WARNING, message, here.task_run)
        return
    import logging  # noqa: PLC0415 - seldom needed

    logging.getLogger("noria.artifacts").warning(message)


def _record(here: _Here, row: ArtifactRow) -> None:
    here.session.journal.append(row)
    if here.execution is None:
        here.session.journal.commit()
    if row.kind != PROGRESS:
        return
    with _lock:
        _recent[row.id] = row
        _recent.move_to_end(row.id)
        if len(_recent) > _REMEMBERED:
            _recent.popitem(last=False)


def raw_id(value: Any) -> bytes | None:
    """The stored form of an id that was given as a UUID or as text."""
    return None if value is None else ids.from_text(str(value))
