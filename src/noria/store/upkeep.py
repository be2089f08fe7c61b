"""Counting across all nouns."""

from __future__ import annotations

from noria.store.artifacts import ARTIFACT
from noria.store.blocks import BLOCK
from noria.store.breakers import BREAKER
from noria.store.cache import CACHE
from noria.store.database import Connection
from noria.store.flow_runs import FLOW_RUN
from noria.store.groups import TASK_GROUP
from noria.store.logs import LOG
from noria.store.pauses import PAUSE
from noria.store.processes import PROCESS
from noria.store.run_inputs import RUN_INPUT
from noria.store.slots import SLOT
from noria.store.task_runs import TASK_RUN
from noria.store.transactions import TRANSACTION
from noria.store.variables import VARIABLE

_NOUNS = {
    "flow_runs": FLOW_RUN,
    "task_runs": TASK_RUN,
    "groups": TASK_GROUP,
    "logs": LOG,
    "artifacts": ARTIFACT,
    "pauses": PAUSE,
    "run_inputs": RUN_INPUT,
    "cache": CACHE,
    "variables": VARIABLE,
    "blocks": BLOCK,
    "breakers": BREAKER,
    "limits": SLOT,
    "processes": PROCESS,
}


def totals(connection: Connection) -> tuple[dict[str, int], int]:
    """The number of rows by noun, and the bytes of all kept results."""
    rows: dict[str, int] = {}
    results_size = 0
    for noun, statements in _NOUNS.items():
        rows[noun], *sizes = connection.execute(statements.totals).fetchone()
        results_size += sum(sizes)
    return rows, results_size


def references(connection: Connection) -> set[str]:
    """Where all kept results are that do not stand in the store."""
    return {
        reference
        for statements in (FLOW_RUN, TASK_RUN, CACHE, TRANSACTION)
        for (reference,) in connection.execute(statements.references)
    }
