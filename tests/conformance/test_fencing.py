"""A later execution of a run shuts out the earlier one; what has ended stays ended."""

from __future__ import annotations

import pytest

from noria.core.states import TERMINAL_STATES, StateType
from tests.conformance.rows import NOON, batch, cached, flow_run, group, log, new_id, task_run


@pytest.fixture
def fenced(backend):
    """A run whose second execution has begun, as the first one knew it."""
    run = flow_run(state=StateType.CRASHED, end=NOON + 50)
    backend.append(batch(run))
    assert backend.begin_execution(run.id, new_id(), NOON + 60).epoch == 2
    return run


def test_rows_of_an_earlier_execution_are_refused_and_reported(backend, fenced):
    late = fenced._replace(state=StateType.COMPLETED, message="too late")
    task = task_run(fenced)
    assert backend.append(batch(late, task, group(fenced))) == [fenced.id]
    assert backend.flow_run(fenced.id).message != "too late"
    assert backend.task_run(task.id) is None
    assert backend.groups(fenced.id) == []


def test_rows_of_a_later_execution_are_not_changed_by_an_earlier_one(backend, fenced):
    second = fenced._replace(epoch=2)
    task, calls = task_run(second), group(second)
    backend.append(batch(task, calls))
    stale = (task._replace(epoch=1, message="stale"), calls._replace(epoch=1, name="stale"))
    assert backend.append(batch(*stale)) == [fenced.id]
    assert backend.task_run(task.id) == task
    assert backend.groups(fenced.id) == [calls]


def test_task_rows_alone_are_reported_too(backend, fenced):
    assert backend.append(batch(task_run(fenced), task_run(fenced))) == [fenced.id]
    assert backend.append(batch(group(fenced))) == [fenced.id]


def test_others_in_the_same_batch_are_written(backend, fenced):
    other = flow_run()
    task = task_run(other)
    refused = backend.append(
        batch(other, task, fenced, task_run(fenced), log(fenced, "last words"), cached("k"))
    )
    assert refused == [fenced.id]
    assert backend.flow_run(other.id) == other
    assert backend.task_run(task.id) == task
    assert [row.message for _, row in backend.logs(fenced.id)] == ["last words"]
    assert backend.cached("k", NOON) is not None


def test_a_fenced_batch_with_odd_text_is_still_written(backend, fenced):
    assert backend.append(batch(fenced, log(fenced, "\ud83d"))) == [fenced.id]
    assert [row.message for _, row in backend.logs(fenced.id)] == ["\\ud83d"]


def test_rows_that_come_before_their_run_are_fenced_by_themselves(backend):
    run = flow_run(epoch=2)
    task, calls = task_run(run), group(run)
    backend.append(batch(task, calls))
    backend.append(batch(task._replace(epoch=1), calls._replace(epoch=1, name="stale")))
    assert backend.task_run(task.id) == task
    assert backend.groups(run.id) == [calls]


def test_groups_are_those_of_the_latest_execution(backend, fenced):
    run = flow_run()
    backend.append(batch(run, group(run, number=1), group(run, number=2)))
    second = run._replace(epoch=2)
    backend.append(batch(second, group(second, number=1)))
    assert [row.number for row in backend.groups(run.id)] == [1]


@pytest.mark.parametrize("ended", sorted(TERMINAL_STATES))
def test_an_ended_run_does_not_come_alive_in_the_same_execution(backend, ended):
    run = flow_run(state=ended, end=NOON + 50)
    backend.append(batch(run))
    assert backend.append(batch(run._replace(state=StateType.RUNNING, end=None))) == []
    assert backend.flow_run(run.id) == run


def test_the_owner_has_the_last_word_on_how_it_ended(backend):
    run = flow_run(state=StateType.CRASHED, end=NOON + 50)
    backend.append(batch(run))
    done = run._replace(state=StateType.COMPLETED, end=NOON + 60)
    backend.append(batch(done))
    assert backend.flow_run(run.id) == done
