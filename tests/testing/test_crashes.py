"""Runs that are broken off at a record and go on."""

from __future__ import annotations

import asyncio

import pandas as pd
import pytest

from noria import flow, task
from noria.session import open_session
from noria.testing import CrashAt, NeverCrashed, noria_test_harness
from noria.variables import Variable

calls = []


@pytest.fixture(autouse=True)
def nothing_called():
    calls.clear()


@task
def load(part):
    calls.append(part)
    return part * 10


@task
def total(parts):
    return sum(parts)


@flow
def pipeline(count=2):
    return total([load(part) for part in range(count)])


@flow
def fanned_out(count=3):
    return total(load.map(range(count)))


@flow
def nested():
    return pipeline() + pipeline(3)


@flow
async def awaited():
    return load(4)


def test_finished_tasks_are_not_run_again(crash_at):
    # The flow; then for each task its group, Running and Completed, the group once for all.
    crash = crash_at(5)
    assert crash(pipeline) == 10
    assert crash.struck.startswith("task 'load-")
    assert crash.struck.endswith("Running")
    assert calls == [0, 1]
    assert [run.state_name for run in crash.task_runs] == ["Cached", "Completed", "Completed"]


def test_what_was_not_on_record_is_run_again(crash_at):
    assert crash_at(4)(pipeline) == 10
    assert calls == [0, 0, 1]


def test_a_run_that_nothing_is_known_of_begins_anew(crash_at):
    assert crash_at(1)(pipeline, count=3) == 30


@pytest.mark.parametrize("broken_off", [pipeline, fanned_out, nested, awaited])
def test_at_every_record(crash_at, broken_off):
    done = crash_at.every(broken_off)
    assert [crash.record for crash in done] == list(range(1, len(done) + 1))
    assert all(crash.state.is_completed() for crash in done)


def test_points_can_be_gone_through_by_hand(crash_at, tmp_path):
    @task
    def append(path, line):
        with path.open("a") as file:
            file.write(line)

    @flow
    def writing(path):
        append(path, "one\n")
        append(path, "two\n")

    doubled = []
    for record in crash_at.points(writing, tmp_path / "undisturbed"):
        path = tmp_path / str(record)
        crash_at(record)(writing, path)
        if path.read_text() != "one\ntwo\n":
            doubled.append(record)
    assert doubled == [4, 7]


def test_a_flow_that_ends_otherwise_is_told_of(crash_at):
    @flow
    def counting():
        load(1)
        return len(calls)

    with pytest.raises(AssertionError) as error:
        crash_at.every(counting)
    first, undisturbed, broken_off = str(error.value).splitlines()
    assert first.startswith("'counting' ends otherwise when it is broken off at record 1 of 5")
    assert undisturbed == "Undisturbed: Completed, 1"
    assert broken_off == "Broken off:  Completed, 2"


def test_flows_that_fail_are_to_fail_alike(crash_at):
    @flow
    def failing():
        load(1)
        raise ValueError("negative amount")

    assert len(crash_at.every(failing)) == 5
    with pytest.raises(ValueError, match="negative amount"):
        crash_at(3)(failing)


def test_frames_are_compared_by_content(crash_at):
    @flow
    def framing():
        return pd.DataFrame({"sales": [load(1), load(2)]})

    assert len(crash_at.every(framing)) == 8


def test_a_record_that_never_comes(crash_at):
    with pytest.raises(
        NeverCrashed, match=r"'pipeline' has ended after 10 records: crash_at\(40\)"
    ):
        crash_at(40)(pipeline)
    with pytest.raises(ValueError, match="counted from 1"):
        crash_at(0)


def test_every_run_begins_with_what_the_store_holds(noria_store, crash_at):
    Variable.set("factor", 3)

    @flow
    def scaled():
        return load(Variable.get("factor"))

    assert crash_at(3)(scaled) == 30
    assert noria_store.flow_runs() == []


def test_caches_of_one_run_do_not_serve_the_next(crash_at):
    @task(cache_key_fn=lambda context, given: "key")
    def once():
        calls.append("once")
        return 1

    @flow
    def caching():
        return once()

    done = crash_at.every(caching)
    assert len(calls) > len(done)


def test_on_a_running_loop_it_is_awaited():
    async def test():
        crash_at = CrashAt()
        assert await crash_at(3)(awaited) == 40
        assert len(await crash_at.every(awaited)) == 5
        assert await crash_at.points(awaited) == range(1, 6)

    asyncio.run(test())


def test_it_leaves_the_session_as_it_was():
    with noria_test_harness() as store:
        CrashAt()(3)(pipeline)
        assert open_session() is store.session
