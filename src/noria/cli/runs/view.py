"""What the tree of a run shows, read from the store: sums and samples, never all task runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from noria.backend.port import ArtifactFilter, Backend
from noria.cli import tree
from noria.cli.appearance import state_name
from noria.cli.artifact.rows import reference
from noria.cli.records import run_time
from noria.cli.references import short_id
from noria.cli.runs.waiting import waiting_of
from noria.console.wording import failure_of
from noria.core.records import (
    ArtifactRow,
    FlowRunRow,
    GroupCount,
    GroupKind,
    GroupRow,
    TaskRunRow,
    task_run_name,
)
from noria.core.states import TERMINAL_STATES, Name, StateType, default_name

FAILURES = 3
SLOWEST = 5
SUBFLOWS = 12
ARTIFACTS = 10
DEPTH = 3
SAMPLE = 100
"""How many calls of a group are read to find out why it is as it is."""

FAILED = (StateType.FAILED, StateType.CRASHED)
_EXPLAINED = (
    (GroupCount.CACHED, StateType.COMPLETED, Name.CACHED),
    (GroupCount.NOT_READY, StateType.PENDING, Name.NOT_READY),
    (GroupCount.RETRYING, StateType.SCHEDULED, Name.AWAITING_RETRY),
    (GroupCount.CANCELLED, StateType.CANCELLED, default_name(StateType.CANCELLED)),
)


def collect(backend: Backend, row: FlowRunRow, now: int, depth: int = 0) -> tree.RunView:
    """Read what the tree of a run shows; never all of its task runs."""
    groups = backend.groups(row.id)
    chosen, hidden = _children(backend, row, now, depth)
    placed: dict[int | None, list[tree.RunView]] = {}
    numbers = {group.number for group in groups}
    for child in chosen:
        caller = backend.task_run(child.parent_task) if child.parent_task else None
        number = caller.group if caller and caller.group in numbers else None
        placed.setdefault(number, []).append(collect(backend, child, now, depth + 1))
    names = {group.number: group.name for group in groups}
    fallen_back = {group.parent for group in groups if group.kind == GroupKind.FALLBACK}
    slowest = [] if depth else _slowest(backend, row, names)
    artifacts = [] if depth else artifacts_of(backend, row, ARTIFACTS + 1)
    return tree.RunView(
        run=row,
        reference=short_id(backend, row.id),
        groups=[
            _group_view(backend, group, placed.get(group.number, ()), fallen_back)
            for group in groups
        ],
        slowest=slowest,
        runs=placed.get(None, ()),
        hidden=hidden,
        waits=() if depth or row.state in TERMINAL_STATES else _waits(backend, row),
        artifacts=[_artifact_view(backend, each) for each in artifacts[:ARTIFACTS]],
        more_artifacts=len(artifacts) > ARTIFACTS,
    )


def artifacts_of(backend: Backend, row: FlowRunRow, limit: int) -> list[ArtifactRow]:
    """What a run has made for people to read, in order."""
    found = backend.artifacts(ArtifactFilter(flow_run=row.id, limit=limit))
    return sorted(found, key=lambda each: each.id)


def _waits(backend: Backend, row: FlowRunRow) -> list[tree.WaitView]:
    return [
        tree.WaitView(
            each.run.name,
            each.description or ("an answer" if each.schema else "somebody to let it go on"),
            [each.field(name) for name in each.fields],
            each.pause.since,
            each.pause.until,
            each.pause.fault,
        )
        for each in waiting_of(backend, row.id)
    ]


def _artifact_view(backend: Backend, row: ArtifactRow) -> tree.ArtifactView:
    return tree.ArtifactView(reference(backend, row), row.kind or "", row.summary)


def _children(
    backend: Backend, row: FlowRunRow, now: int, depth: int
) -> tuple[list[FlowRunRow], int]:
    """The sub-flows worth a line, oldest first, and how many others there are."""
    if depth >= DEPTH:
        return [], 0
    rows = backend.children(row.id)
    most = SUBFLOWS if depth == 0 else SUBFLOWS // 3
    worst_first = sorted(
        rows, key=lambda r: (r.state is StateType.COMPLETED, -(run_time(r, now) or 0))
    )
    return sorted(worst_first[:most], key=lambda r: r.id), max(len(rows) - most, 0)


def _group_view(
    backend: Backend, group: GroupRow, runs: Sequence[tree.RunView], parents: set[int | None]
) -> tree.GroupView:
    failed = group.counts[GroupCount.FAILED] + group.counts[GroupCount.CRASHED]
    # A failed sub-flow that is shown tells its failure itself.
    if not failed or runs:
        return tree.GroupView(group, reasons=_reasons(backend, group, parents), runs=runs)
    kinds = _failure_kinds(group, _sample(backend, group, FAILED))
    shown = kinds[:FAILURES]
    others = failed - sum(kind.calls for kind in shown)
    return tree.GroupView(group, shown, others, _reasons(backend, group, parents), runs)


def _failure_kinds(group: GroupRow, rows: Iterable[TaskRunRow]) -> list[tree.FailureView]:
    """Failures of the same exception at the same place, the most frequent first."""
    kinds: dict[tuple[str, str], tree.FailureView] = {}
    for row in rows:
        failure = failure_of(row.error, row.message)
        key = (failure.type or failure.message, failure.frame)
        found = kinds.get(key)
        if found is None:
            name = task_run_name(group.name, row)
            kinds[key] = tree.FailureView(1, failure, name, row.run_count)
        else:
            kinds[key] = found._replace(calls=found.calls + 1)
    return sorted(kinds.values(), key=lambda kind: -kind.calls)


def _reasons(backend: Backend, group: GroupRow, fallen_back: set[int | None]) -> list[str]:
    """Why calls of a group were not run, or wait, or were served by a fallback: the most frequent
    reason of each kind."""
    found: list[str] = []
    for position, kind, name in _EXPLAINED:
        if group.counts[position]:
            label = GroupCount.NAMES[position].replace("_", " ")
            found += _reason(backend, group, label, kind, name)
    if group.number in fallen_back:
        found += _reason(backend, group, "fallback", StateType.COMPLETED, Name.FALLBACK)
    return found


def _reason(
    backend: Backend, group: GroupRow, label: str, kind: StateType, name: str
) -> Iterator[str]:
    rows = _sample(backend, group, (kind,))
    reasons = Counter(
        row.message for row in rows if row.message and state_name(kind, row.state_name) == name
    )
    for reason, _ in reasons.most_common(1):
        yield f"{label}: {reason}"


def _sample(backend: Backend, group: GroupRow, states: Sequence[StateType]) -> Sequence[TaskRunRow]:
    return backend.task_runs(group.flow_run, group.number, states, limit=SAMPLE)


def _slowest(backend: Backend, row: FlowRunRow, names: dict[int, str]) -> list[tuple[str, int]]:
    found = backend.slowest_tasks(row.id, SLOWEST)
    timed = [(task, task_run_time(task)) for task in found]
    return [(task_run_name(names.get(t.group, ""), t), took) for t, took in timed if took]


def task_run_time(row: TaskRunRow) -> int:
    """How long a task run took, in microseconds; 0 when it has not ended."""
    return 0 if row.start is None or row.end is None else max(row.end - row.start, 0)
