"""The one place that composes SQL: a named statement with the conditions that a reader has chosen.

Only fixed text and our own numbers go into the SQL; whatever a user typed travels as a parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from noria.core.conditions import Condition
from noria.core.states import STATE_CODES, StateType
from noria.store.artifacts import ARTIFACT
from noria.store.conditions import condition as condition_on_field
from noria.store.flow_runs import FLOW_RUN
from noria.store.logs import LOG
from noria.store.statements import Dialect, Statements
from noria.store.task_runs import TASK_RUN

WORK = Statements("work")
Query = tuple[str, dict[str, Any]]


def flow_runs(
    dialect: Dialect,
    states: Sequence[StateType] | None,
    flow_name: str | None,
    name: str | None,
    tags: Sequence[str] | None,
    since: int | None,
    top_level: bool,
    limit: int,
    before: bytes | None,
) -> Query:
    """A page of flow runs, newest first."""
    facts = {"flow_name": flow_name, "name": name, "since": since, "before": before}
    chosen = {
        "flow_name = :flow_name": flow_name is not None,
        "instr(casefold(name), casefold(:name)) > 0": name is not None,
        "created >= :since": since is not None,
        "id < :before": before is not None,
        "parent_run is null": top_level,
    }
    conditions = [condition for condition, wanted in chosen.items() if wanted]
    conditions += _in_states(states)
    for number, tag in enumerate(tags or ()):
        facts[f"tag{number}"] = tag
        conditions.append(f":tag{number} in ({FLOW_RUN.tags.sql(dialect)})")
    sql = FLOW_RUN.page.sql(dialect) + _where(conditions) + " order by id desc limit :limit"
    return sql, {**facts, "limit": limit}


def task_runs(
    dialect: Dialect,
    flow_run: bytes,
    group: int | None,
    states: Sequence[StateType] | None,
    after: bytes | None,
    limit: int,
) -> Query:
    """A page of the task runs of a flow run, by id."""
    conditions = ["flow_run = :flow_run", *_in_states(states)]
    if group is not None:
        conditions.append("group_number = :group")
    if after is not None:
        conditions.append("id > :after")
    ids = TASK_RUN.ids.sql(dialect) + _where(conditions) + " order by id limit :limit"
    facts = {"flow_run": flow_run, "group": group, "after": after, "limit": limit}
    return TASK_RUN.page.sql(dialect).replace("{ids}", ids), facts


def logs(
    dialect: Dialect,
    flow_run: bytes,
    alone: bool,
    task_run: bytes | None,
    level: int,
    text: str | None,
    after: int,
    limit: int,
    where: Sequence[Condition] = (),
) -> Query:
    """A page of a run's log in order of writing, unless `alone` with that of the runs below it."""
    # One run's lines stand in the index as they are asked for; those of several must be sorted.
    among = "flow_run = :id" if alone else f"flow_run in ({FLOW_RUN.tree.sql(dialect)})"
    chosen = {
        among if task_run is None else _besides(dialect, among): True,
        "task_run = :task_run": task_run is not None,
        "id > :after": True,
        "level >= :level": level > 0,
        f"({_holds('message')} or {_holds('extra')})": text is not None,
    }
    conditions = [condition for condition, wanted in chosen.items() if wanted]
    facts = {"id": flow_run, "task_run": task_run, "level": level, "text": text}
    for number, wanted in enumerate(where):
        sql, more = condition_on_field(dialect, number, wanted)
        conditions.append(sql)
        facts |= more
    sql = LOG.lines.sql(dialect) + _where(conditions) + " order by id limit :limit"
    return sql, {**facts, "after": after, "limit": limit}


def artifacts(
    dialect: Dialect,
    key: str | None,
    version: int | None,
    kind: str | None,
    flow_run: bytes | None,
    task_run: bytes | None,
    latest: bool,
    limit: int,
    offset: int,
) -> Query:
    """A page of artifacts, the last updated first."""
    facts: dict[str, Any] = {"key": key, "version": version, "kind": kind}
    facts |= {"flow_run": flow_run, "task_run": task_run}
    chosen = {f"{name} = :{name}": value is not None for name, value in facts.items()}
    chosen[f"id in ({ARTIFACT.latest.sql(dialect)})"] = latest
    conditions = [condition for condition, wanted in chosen.items() if wanted]
    order = " order by updated desc, id desc limit :limit offset :offset"
    sql = ARTIFACT.page.sql(dialect) + _where(conditions) + order
    return sql, {**facts, "limit": limit, "offset": offset}


class PassedOver(NamedTuple):
    """What nobody may take of what waits."""

    lanes: Collection[str] = ()
    queues: Collection[str] = ()
    backfills: Collection[bytes] = ()
    deployments: Collection[bytes] = ()


NOTHING = PassedOver()


def waiting(dialect: Dialect, passed_over: PassedOver) -> Query:
    """What waits in a pool, in the order of its turn, without what is passed over."""
    facts: dict[str, Any] = {}
    conditions = []
    columns = ("lane", "queue", "backfill", "deployment")
    for column, values in zip(columns, passed_over, strict=True):
        if values:
            names = [f"{column}{number}" for number in range(len(values))]
            facts |= dict(zip(names, values, strict=True))
            among = ", ".join(f":{name}" for name in names)
            conditions.append(f" and ({column} is null or {column} not in ({among}))")
    order = " order by turn, flow_run limit :limit"
    return WORK.waiting.sql(dialect) + "".join(conditions) + order, facts


def in_lanes(dialect: Dialect, lanes: Sequence[str]) -> Query:
    """What is due in a pool, was made by no backfill, and waits in lanes."""
    facts = {f"lane{number}": lane for number, lane in enumerate(lanes)}
    among = f" and lane in ({', '.join(f':{name}' for name in facts)})"
    return WORK.in_lanes.sql(dialect) + among + " order by turn, flow_run limit :limit", facts


def backfill_runs(dialect: Dialect, states: Sequence[StateType] | None) -> Query:
    """Runs of a backfill in the order in which they begin."""
    sql = FLOW_RUN.of_backfill.sql(dialect) + "".join(
        f" and {condition}" for condition in _in_states(states)
    )
    return sql + " order by id limit :limit", {}


def _in_states(states: Sequence[StateType] | None) -> list[str]:
    if states is None:
        return []
    if not states:
        return ["1 = 0"]
    codes = ", ".join(str(STATE_CODES[state]) for state in states)
    conditions = [f"state in ({codes})"]
    if StateType.COMPLETED not in states:
        # Says what a planner cannot conclude: the small index of the others will do.
        conditions.append(f"state <> {STATE_CODES[StateType.COMPLETED]}")
    return conditions


def _holds(column: str) -> str:
    return f"instr(casefold({column}), casefold(:text)) > 0"


def _besides(dialect: Dialect, condition: str) -> str:
    """A condition that is no way to find rows; PostgreSQL knows that from its statistics."""
    return "+" + condition if dialect == "sqlite" else condition


def _where(conditions: Iterable[str]) -> str:
    joined = " and ".join(conditions)
    return f" where {joined}" if joined else ""
