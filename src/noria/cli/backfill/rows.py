"""Backfills as they are printed."""

from __future__ import annotations

from collections.abc import Sequence

from noria.backend.backfills_port import BackfillUse
from noria.backend.port import Backend
from noria.cli.app import App
from noria.cli.errors import CliError, Code
from noria.cli.output import Column, Record
from noria.cli.references import LENGTHS
from noria.cli.timefmt import ago, iso, moment
from noria.core import clock
from noria.core.ids import to_text
from noria.core.states import StateType

DELETED = "(deleted)"
_ENDS = (StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)


def find_backfill(backend: Backend, reference: str) -> BackfillUse:
    """The one backfill that a reference names.

    Raises:
        CliError: It names none, or several.
    """
    found = backend.find_backfills(reference)
    if len(found) == 1:
        return found[0]
    if found:
        ids = "\n".join(to_text(use.backfill.id) for use in found[:5])
        raise CliError(
            Code.AMBIGUOUS_RUN,
            f"{reference} names more than one backfill",
            ids,
            "name one by its id",
        )
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no backfill {reference}",
        "expected an id, the beginning of one, or @last",
        "see noria backfill ls",
    )


def short_id(backend: Backend, backfill: bytes) -> str:
    """The least letters of an id that will still name the backfill tomorrow."""
    text = to_text(backfill)
    for length in LENGTHS:
        if len(backend.find_backfills(text[:length])) <= 1:
            return text[:length]
    return text


def record(use: BackfillUse) -> Record:
    """A backfill for programs."""
    row = use.backfill
    return {
        "id": to_text(row.id),
        "deployment": use.deployment,
        "schedule": row.schedule,
        "from": iso(row.first),
        "to": iso(row.last),
        "parallel": row.slots,
        "made": row.made,
        "waiting": use.waiting,
        "under_way": use.under_way,
        **{state.value.lower(): use.counts.get(state, 0) for state in _ENDS},
        "created": iso(row.created),
        "cancelled_at": None if row.cancelled is None else iso(row.cancelled),
    }


def columns(app: App, backend: Backend) -> Sequence[Column[BackfillUse]]:
    """Id, deployment, times, progress, when it was made."""
    now = clock.now()

    def made(use: BackfillUse) -> str:
        time = use.backfill.created
        return moment(time, True) if app.utc else ago(time, now)

    return (
        Column("id", "ID", lambda use: short_id(backend, use.backfill.id), lambda _use: "dim"),
        Column("deployment", "DEPLOYMENT", lambda use: use.deployment or DELETED, shrinks=True),
        Column("schedule", "SCHEDULE", lambda use: use.backfill.schedule or "all", shrinks=True),
        Column("from", "FROM", lambda use: moment(use.backfill.first, app.utc)[:16]),
        Column("to", "TO", lambda use: moment(use.backfill.last, app.utc)[:16]),
        Column("made", "RUNS", lambda use: str(use.backfill.made), right=True),
        Column("waiting", "PROGRESS", progress),
        Column("under_way"),
        *(Column[BackfillUse](state.value.lower()) for state in _ENDS),
        Column("created", "MADE", made),
    )


def progress(use: BackfillUse) -> str:
    """`3 completed, 1 failed, 1 under way, 2 wait`."""
    parts = [
        f"{use.counts[state]:,} {state.value.lower()}" for state in _ENDS if use.counts.get(state)
    ]
    deleted = use.backfill.made - sum(use.counts.values())
    parts += [f"{deleted:,} deleted"] if deleted else []
    parts += [f"{use.under_way:,} under way"] if use.under_way else []
    parts += [f"{use.waiting:,} waiting"] if use.waiting else []
    return ", ".join(parts)
