"""What the attempts and executions of one run share, and what is left when it has ended."""

from __future__ import annotations

import contextvars
import threading
import uuid

import pytest

from noria import flow, tags, task
from noria.cache_policies import INPUTS
from noria.core import clock
from noria.core.errors import CancelRun
from noria.core.records import Batch, GroupCount
from noria.engine import caching
from noria.engine.context import FlowRunContext
from noria.engine.session import open_session
from noria.runs import fork, resume
from noria.runtime import flow_run, task_run


def group_counts(run):
    """Group number -> name and the counts that are not zero; number -> task runs on record."""
    session = open_session()
    session.journal.flush()
    groups = {
        group.number: (
            group.name,
            {n: c for n, c in zip(GroupCount.NAMES, group.counts, strict=True) if c},
        )
        for group in session.backend.groups(run)
    }
    members: dict[int, int] = {}
    for row in session.backend.task_runs(run):
        members[row.group] = members.get(row.group, 0) + 1
    return groups, members


def test_a_flow_that_is_tried_again_keeps_the_numbers_of_its_groups():
    attempts = []

    @task
    def step(n):
        return n

    @flow(retries=1)
    def pipeline():
        step.with_options(name="a")(1)
        step.map(range(3)).wait()
        attempts.append(1)
        if len(attempts) == 1:
            step.with_options(name="b")(1)
            raise ValueError
        step.map(range(2)).wait()
        step.with_options(name="c")(1)
        return uuid.UUID(flow_run.id).bytes

    groups, members = group_counts(pipeline())
    assert groups == {
        1: ("a", {"cached": 1}),
        2: ("step", {"cached": 3}),
        3: ("b", {"completed": 1}),
        4: ("step", {"completed": 2}),
        5: ("c", {"completed": 1}),
    }
    assert members == {1: 1, 2: 3, 3: 1, 4: 2, 5: 1}


@pytest.mark.parametrize("again", [resume, fork])
def test_another_execution_has_the_tags_of_the_first(again):
    fails = [True]

    @task
    def inner():
        return sorted(task_run.tags)

    @flow
    def below():
        return sorted(flow_run.tags)

    @flow
    def tagged():
        if fails:
            raise ValueError
        return [sorted(flow_run.tags), inner(), below()]

    with tags("nightly", "夜"):
        first = tagged(return_state=True)
    fails.clear()
    state = again(first.state_details.flow_run_id, flow=tagged)
    assert state.result() == [["nightly", "夜"]] * 3


def test_a_task_that_does_not_heed_a_timeout_begins_nothing_more():
    go_on, refused = threading.Event(), []

    @task
    def late():
        return 1

    @task
    def stubborn():
        while not go_on.is_set():
            try:
                go_on.wait()
            except BaseException:  # noqa: BLE001 - what is tested
                continue
        try:
            late.submit()
        except CancelRun as error:
            refused.append(str(error))
            gone.set()

    gone = threading.Event()

    @flow(timeout_seconds=0.01)
    def pipeline():
        stubborn.submit()
        threading.Event().wait(60)

    state = pipeline(return_state=True)
    assert state.name == "TimedOut"
    go_on.set()
    assert gone.wait(60)
    assert refused == ["The flow run has ended."]


def test_hooks_of_a_run_that_timed_out_may_call_tasks():
    called = []

    @task
    def tell():
        called.append(1)

    @flow(timeout_seconds=0.01, on_failure=[lambda flow, run, state: tell()])
    def pipeline():
        threading.Event().wait(60)

    assert pipeline(return_state=True).name == "TimedOut"
    assert called == [1]


def test_a_call_in_the_context_of_a_run_that_has_ended_is_refused():
    @task
    def step():
        return 1

    @flow
    def pipeline():
        return contextvars.copy_context()

    context = pipeline()
    with pytest.raises(CancelRun, match="ended"):
        context.run(step)


def test_a_result_that_another_process_has_renewed_is_served_anew():
    value = ["old"]

    @task(cache_policy=INPUTS, persist_result=True)
    def cached(n):
        return value[0]

    @flow
    def pipeline():
        return cached(1, return_state=True)

    state = pipeline(return_state=True).data
    assert state.data == "old"
    session = open_session()
    session.journal.flush()
    key = state.state_details.cache_key
    row = session.backend.cached(key, clock.now())
    assert row is not None
    caching.remember(session, row)
    # Another process renews it.
    renewed = session.results.keep("new", serializer=None, storage=None, limit=None)
    other = type(session.backend)(session.settings.database)
    other.append(Batch([], [], [], [], [row._replace(value=renewed)], []))
    other.close()
    session.changed()
    session.journal.flush()
    assert key not in session.recent_cache
    assert pipeline(return_state=True).data.data == "new"


def test_a_stream_holds_on_to_nothing_of_what_has_gone_by():
    go_on = threading.Event()
    waiting = []

    @task
    def step(n):
        if n == 0:
            go_on.wait(60)
        return n

    @flow
    def pipeline():
        results = []
        for result in step.stream(range(300), concurrency=3):
            results.append(result)
            if len(results) == 250:
                under_way = list(FlowRunContext.get().execution.futures)
                waiting.append(max(len(future._callbacks or ()) for future in under_way))
                go_on.set()
        return sorted(results)

    assert pipeline() == list(range(300))
    assert waiting[0] <= 2
