"""What `monitor_performance` says, and that it leaves everything else as it is."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging

import pytest

from noria import flow, task
from noria.core import clock
from noria.engine.session import open_session
from noria.monitoring import monitor_performance
from noria.task_runners import ProcessPoolTaskRunner


class SteppedClock(clock.Clock):
    """A clock on which every look takes a second."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        self.seconds += 1
        return self.seconds


def lines():
    session = open_session()
    session.journal.flush()
    (run,) = session.backend.find_flow_runs("@last")
    return [row for _, row in session.backend.logs(run.id)]


def fields(row):
    found = json.loads(row.extra)
    found.pop("duration_seconds")
    return found


DONE = {"function_name": "load", "args_count": 1, "kwargs_count": 0, "outcome": "completed"}


@task(name="Under")
@monitor_performance
def under(rows):
    """Loads."""
    return rows


@monitor_performance
@task(name="Over", retries=1, tags=["a"])
def over(rows):
    """Loads."""
    return rows


@pytest.mark.parametrize("load", [under, over], ids=["under", "over"])
class TestTasks:
    def test_name_signature_and_source_stay(self, load):
        assert load.__doc__ == "Loads."
        assert load.name in ("Under", "Over")
        assert list(inspect.signature(load.fn).parameters) == ["rows"]
        assert "return rows" in load.source_code
        assert load.fn(3) == 3

    def test_a_call_is_a_line_of_its_run(self, load):
        @flow
        def f():
            return load(3), load.submit(4).result(), load.map([5]).result()

        assert f() == (3, 4, [5])
        for row in lines():
            assert fields(row) == DONE | {"function_name": load.fn.__name__}
            assert row.task_run is not None
            assert row.message.startswith(f"{load.fn.__name__} completed in ")
        assert len(lines()) == 3

    def test_in_other_processes(self, load):
        @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
        def f():
            return load.submit(3).result()

        assert f() == 3
        assert [fields(row)["outcome"] for row in lines()] == ["completed"]


def test_options_of_what_is_below_stay():
    assert (over.retries, over.tags) == (1, {"a"})
    assert over.with_options(retries=2).retries == 2


def test_the_duration_is_measured():
    @flow
    @monitor_performance(level=logging.WARNING)
    def f():
        return 1

    with clock.use(SteppedClock()) as stepped:
        stepped.now = lambda: 1_795_000_000_000_000
        f()
    (row,) = lines()
    assert json.loads(row.extra)["duration_seconds"] >= 1
    assert row.level == logging.WARNING


def test_a_failure_is_an_error_and_goes_on():
    @task(retries=1)
    @monitor_performance
    def load(rows):
        raise ValueError("坏行")

    @flow
    def f():
        load(3)

    with pytest.raises(ValueError, match="坏行"):
        f()
    failed = [row for row in lines() if "duration_seconds" in (row.extra or "")]
    assert len(failed) == 2
    for row in failed:
        assert fields(row) == DONE | {
            "outcome": "failed",
            "error": "坏行",
            "error_type": "ValueError",
        }
        assert row.level == logging.ERROR


def test_async_functions():
    @monitor_performance
    @task
    async def load(rows):
        return rows

    @flow
    @monitor_performance
    async def f():
        return await load(3)

    assert asyncio.run(f()) == 3
    assert [json.loads(row.extra)["function_name"] for row in lines()] == ["load", "f"]


def test_generators():
    @task
    @monitor_performance
    def pages(count):
        yield from range(count)

    @flow
    def f():
        return list(pages(3))

    assert f() == [0, 1, 2]
    (row,) = lines()
    assert fields(row)["function_name"] == "pages"


def test_methods_and_class_methods():
    class Loader:
        @monitor_performance
        @task
        def load(self, rows):
            return rows

        @task
        @classmethod
        @monitor_performance
        def make(cls, rows):
            return cls.__name__, rows

    @flow
    def f():
        return Loader().load(3), Loader.make(4)

    assert f() == (3, ("Loader", 4))
    assert [fields(row)["args_count"] for row in lines()] == [2, 2]


def test_outside_runs_it_is_an_ordinary_line(caplog):
    @monitor_performance
    def load(rows):
        return rows

    with caplog.at_level(logging.INFO, "noria.monitoring"):
        assert load(rows=3) == 3
    (record,) = caplog.records
    assert (record.name, record.kwargs_count, record.outcome) == (
        "noria.monitoring",
        1,
        "completed",
    )


def test_a_reader_that_stops_early_is_no_failure(caplog):
    @monitor_performance
    def pages():
        yield 1
        yield 2

    with caplog.at_level(logging.INFO, "noria.monitoring"):
        reading = pages()
        assert next(reading) == 1
        reading.close()
    assert [record.outcome for record in caplog.records] == ["completed"]


def test_an_interruption_is_told_apart(caplog):
    @monitor_performance
    def load():
        raise KeyboardInterrupt

    with caplog.at_level(logging.INFO, "noria.monitoring"), pytest.raises(KeyboardInterrupt):
        load()
    assert [record.outcome for record in caplog.records] == ["interrupted"]
