"""Statistics over a task's calls, against the same worked out in Python."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.backend.local import LocalBackend
from noria.core.records import GroupKind
from noria.core.states import Name, StateType
from noria.core.task_stats import edges
from tests.conformance.rows import NOON, SECOND, batch, flow_run, group, task_run

FAILED = StateType.FAILED


def stored(backend, durations, states=None, **facts):
    """A run whose calls of `clean` took so long, in microseconds."""
    run = flow_run(**facts)
    states = states or [StateType.COMPLETED] * len(durations)
    calls = [
        task_run(run, start=NOON + 20 + i, end=NOON + 20 + i + took, state=state)
        for i, (took, state) in enumerate(zip(durations, states, strict=True))
    ]
    backend.append(batch(run, group(run), *calls))
    return run


def test_a_task_without_calls_has_none(backend):
    run = flow_run()
    backend.append(batch(run, group(run), task_run(run, state=StateType.RUNNING, end=None)))
    assert backend.task_stats("clean") is None
    assert backend.task_stats("other") is None
    assert backend.task_names() == ["clean"]


def test_sums_and_quantiles(backend):
    stored(backend, list(range(1, 101)))
    found = backend.task_stats("clean")
    assert (found.executed, found.failed, found.cached, found.timed) == (100, 0, 0, 100)
    assert (found.first, found.last) == (NOON + 20, NOON + 119)
    assert (found.shortest, found.longest, found.mean) == (1, 100, 50.5)
    assert (found.p50, found.p95, found.p99) == (50, 95, 99)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40))
def test_they_are_what_python_finds(durations):
    backend = LocalBackend(":memory:")
    stored(backend, durations)
    found = backend.task_stats("clean", slices=5)
    backend.close()
    ordered = sorted(durations)
    for quantile, value in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
        assert value == ordered[max(math.ceil(quantile * len(ordered)) - 1, 0)]
    assert found.mean == pytest.approx(statistics.fmean(durations))
    assert sum(bucket.calls for bucket in found.histogram) == len(durations)
    for bucket in found.histogram:
        assert bucket.calls == sum(bucket.least <= one < bucket.below for one in durations)
    assert len(found.course) == min(5, len(durations))
    if len(durations) > 1:
        earlier, later = found.halves
        assert earlier.calls + later.calls == len(durations)
        assert earlier.p50 == statistics.median_low(durations[: earlier.calls])
        assert later.p50 == statistics.median_low(durations[earlier.calls :])
    else:
        assert found.halves == ()


def test_failures_are_counted_and_the_halves_compared(backend):
    crashed = StateType.CRASHED
    done = StateType.COMPLETED
    stored(backend, [10, 20, 30, 40], [done, done, FAILED, crashed])
    found = backend.task_stats("clean")
    assert (found.executed, found.failed) == (4, 2)
    assert [half.failed for half in found.halves] == [0, 2]
    assert [half.p50 for half in found.halves] == [10, 30]
    assert found.course == (10, 20, 30, 40)


def test_what_did_not_run_does_not_count(backend):
    run = flow_run()
    rows = [
        task_run(run),
        task_run(run, state_name=Name.CACHED),
        task_run(run, state=StateType.CANCELLED),
        task_run(run, state=StateType.PENDING, state_name=Name.NOT_READY, end=None),
        task_run(run, state=FAILED, start=None),
    ]
    backend.append(batch(run, group(run), *rows))
    found = backend.task_stats("clean")
    assert (found.executed, found.failed, found.cached, found.timed) == (2, 1, 1, 1)


def test_calls_of_another_task_flow_or_time_are_left_out(backend):
    stored(backend, [10])
    other = stored(backend, [20], flow_name="other")
    backend.append(
        batch(
            group(other, number=2, name="load"),
            group(other, number=3, kind=GroupKind.FLOW),
            task_run(other, group=2),
            task_run(other, group=3),
            task_run(other, created=NOON + SECOND, start=NOON + SECOND, end=NOON + SECOND + 5),
        )
    )
    assert backend.task_stats("clean").executed == 3
    assert backend.task_stats("clean", "other").executed == 2
    assert backend.task_stats("clean", since=NOON + SECOND).longest == 5
    assert backend.task_stats("clean", "none") is None
    assert backend.task_names() == ["clean", "load"]


@pytest.mark.parametrize(
    ("shortest", "longest", "expected"),
    [(0, 0, [0, 1]), (1, 1, [1, 2]), (30, 120, [20, 50, 100, 200]), (5, 9, [5, 10])],
)
def test_bounds_of_buckets_enclose_all(shortest, longest, expected):
    assert edges(shortest, longest) == expected
