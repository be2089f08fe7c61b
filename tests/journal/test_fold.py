"""Folding against a slow model: count the task rows as they are at the end."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from noria.core.records import FlowRunRow, GroupCount, GroupRow, TaskRunRow
from noria.core.states import TERMINAL_STATES, Name, StateType
from noria.journal.fold import Folder
from tests.conformance.rows import NOON, artifact, cached, flow_run, group, log, task_run

ZERO = (0,) * len(GroupCount.NAMES)
RUN = flow_run()
OPEN = (StateType.PENDING, StateType.RUNNING, StateType.SCHEDULED)
ENDS = (StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED)

# What a task run goes through: open states, then an end (or none yet).
ends = st.one_of(
    st.none(),
    st.sampled_from(ENDS).map(lambda state: (state, None)),
    st.just((StateType.COMPLETED, Name.CACHED)),
    st.just((StateType.PENDING, Name.NOT_READY)),
)
lives = st.tuples(
    st.integers(1, 3), st.lists(st.sampled_from(OPEN), max_size=4), ends, st.integers(0, 50)
)


@st.composite
def stretches(draw):
    """The records of several task runs, mixed as threads mix them, cut into batches."""
    lanes = []
    for number, opened, end, duration in draw(st.lists(lives, min_size=1, max_size=12)):
        row = task_run(RUN, group=number, end=None, cpu=None)
        if end == (StateType.PENDING, Name.NOT_READY):
            opened = [state for state in opened if state is StateType.PENDING]
        lane = [_entered(row, state) for state in sorted(opened, key=OPEN.index)]
        if end is not None:
            lane.append(_ended(row, end, duration))
        if lane:
            lanes.append(lane)
    records = []
    while lanes:
        lane = draw(st.sampled_from(lanes))
        records.append(lane.pop(0))
        lanes = [rest for rest in lanes if rest]
    batches, rest = [], records
    while rest:
        size = draw(st.integers(1, len(rest)))
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


def _entered(row, state):
    return row._replace(state=state, start=None if state is StateType.PENDING else row.start)


def _ended(row, state_and_name, duration):
    state, name = state_and_name
    if name == Name.NOT_READY:
        return row._replace(state=state, state_name=name, start=None, end=row.created)
    end = row.start + duration
    return row._replace(state=state, state_name=name, end=end, cpu=duration // 2)


def position(row):
    names = {Name.CACHED: "cached", Name.NOT_READY: "not_ready"}
    kinds = {StateType.SCHEDULED: "retrying"}
    plain = kinds.get(row.state, row.state.value.lower())
    return GroupCount.NAMES.index(names.get(row.state_name, plain))


def recount(rows):
    """The group's sums from its task rows, the obvious way."""
    counted = Counter(map(position, rows))
    done = [row for row in rows if row.state in TERMINAL_STATES and row.state_name != Name.CACHED]
    durations = [row.end - row.start for row in done]
    return {
        "counts": tuple(counted[place] for place in range(len(ZERO))),
        "first_start": min((row.start for row in rows if row.start), default=None),
        "last_end": max((row.end for row in done), default=None),
        "busy": sum(durations),
        "longest": max(durations, default=0),
        "cpu": sum(row.cpu or 0 for row in done),
    }


@settings(max_examples=100, deadline=None, derandomize=True)
@given(stretches())
def test_sums_are_those_of_a_recount(batches):
    folder = Folder()
    tasks: dict[bytes, TaskRunRow] = {}
    groups: dict[int, GroupRow] = {}
    opening = [group(RUN, number=n, counts=ZERO, **_nothing()) for n in (1, 2, 3)]
    for records in [opening, *batches]:
        batch = folder.fold(records)
        tasks.update((row.id, row) for row in batch.task_runs)
        groups.update((row.number, row) for row in batch.groups)
        for number, row in groups.items():
            found = recount([task for task in tasks.values() if task.group == number])
            assert {name: getattr(row, name) for name in found} == found


def _nothing():
    return {"first_start": None, "last_end": None, "busy": 0, "longest": 0, "cpu": 0}


def test_only_the_newest_row_of_a_run_is_written():
    first = task_run(RUN, state=StateType.RUNNING)
    done = first._replace(state=StateType.COMPLETED)
    other = flow_run()
    ended = other._replace(state=StateType.COMPLETED)
    batch = Folder().fold([first, other, cached("k"), done, ended, cached("k", task_name="new")])
    assert (batch.task_runs, batch.flow_runs) == ([done], [ended])
    assert [row.task_name for row in batch.cache] == ["new"]


def test_log_lines_keep_their_order_and_their_doubles():
    lines = [log(RUN, "a"), log(RUN, "b"), log(RUN, "a")]
    assert Folder().fold(lines).logs == lines


def test_a_change_of_a_group_keeps_its_sums():
    folder = Folder()
    row = group(RUN, counts=ZERO)
    folder.fold([row, task_run(RUN)])
    [changed] = folder.fold([row._replace(expected=7)]).groups
    assert (changed.expected, changed.counts[GroupCount.COMPLETED]) == (7, 1)


def test_another_execution_counts_anew():
    folder = Folder()
    folder.fold([group(RUN, counts=ZERO), task_run(RUN)])
    again = RUN._replace(epoch=2)
    [row] = folder.fold([group(again, counts=ZERO), task_run(again)]).groups
    assert (row.epoch, row.counts[GroupCount.COMPLETED]) == (2, 1)


def test_another_attempt_of_the_flow_counts_anew():
    folder = Folder()
    done = task_run(RUN)
    folder.fold([RUN, group(RUN, counts=ZERO), done])
    retrying = RUN._replace(run_count=2, state_name=Name.RETRYING)
    again = done._replace(state_name=Name.CACHED)
    [row] = folder.fold([retrying, group(RUN, counts=ZERO), again]).groups
    assert (row.counts[GroupCount.COMPLETED], row.counts[GroupCount.CACHED]) == (0, 1)


def test_nothing_is_remembered_of_runs_that_have_ended():
    folder = Folder()
    ended: FlowRunRow = RUN._replace(state=StateType.COMPLETED, end=NOON + 100)
    folder.fold([RUN, group(RUN, counts=ZERO), task_run(RUN), ended])
    assert not folder._runs
    assert not folder._attempts


def test_of_an_artifact_only_the_newest_row_is_written():
    first, other = artifact(data="10"), artifact(data="x")
    later = first._replace(data="20")
    assert Folder().fold([first, other, later]).artifacts == [later, other]
