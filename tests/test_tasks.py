"""Tasks as people write them: kinds of functions, and what becomes of them in the store."""

from __future__ import annotations

import asyncio
import functools

import pytest

from noria import flow, task
from noria.backend.port import RunFilter
from noria.core.errors import ParameterBindError
from noria.core.records import GroupCount
from noria.session import open_session


@task
def double(n):
    return 2 * n


def stored():
    """The newest flow run, its groups and its task runs by the name of their group."""
    backend = open_session().backend
    run = backend.flow_runs(RunFilter())[0].run
    groups = backend.groups(run.id)
    tasks = backend.task_runs(run.id)
    names = {group.number: group.name for group in groups}
    return run, groups, [(names[row.group], row) for row in tasks]


# --- generators -----------------------------------------------------------------------------


def test_what_the_consumer_of_a_generator_calls_is_not_the_generators():
    @task
    def numbers():
        yield double(1)
        yield double(2)

    @flow
    def pipeline():
        return [double(n) for n in numbers()]

    assert pipeline() == [4, 8]
    _, _, tasks = stored()
    [generator] = [row for name, row in tasks if name == "numbers"]
    parents = [row.parent for name, row in tasks if name == "double"]
    assert parents.count(generator.id) == 2
    assert parents.count(None) == 2


def test_what_the_consumer_of_an_async_generator_calls_is_not_the_generators():
    @task
    async def numbers():
        yield double(1)
        yield double(2)

    @flow
    async def pipeline():
        return [double(n) async for n in numbers()]

    assert asyncio.run(pipeline()) == [4, 8]
    _, _, tasks = stored()
    [generator] = [row for name, row in tasks if name == "numbers"]
    parents = [row.parent for name, row in tasks if name == "double"]
    assert parents.count(generator.id) == 2


def test_a_generator_flow_leaves_its_consumer_outside():
    @flow
    def numbers():
        yield 1
        yield 2

    @flow
    def inner():
        return 1

    assert [inner() for _ in numbers()] == [1, 1]
    runs = open_session().backend.flow_runs(RunFilter(top_level=True))
    assert sorted(found.run.flow_name for found in runs) == ["inner", "inner", "numbers"]


def test_generators_that_take_turns():
    @task
    def numbers(start):
        yield start
        yield start + 1

    @flow
    def pipeline():
        return list(zip(numbers(1), numbers(10), strict=True))

    assert pipeline() == [(1, 10), (2, 11)]
    assert [row.state.value for _, row in stored()[2]] == ["COMPLETED"] * 2


@pytest.mark.parametrize("how", ["called", "submitted"])
def test_a_generator_that_fails_is_tried_again(how):
    attempts = []

    @task(retries=1)
    def numbers():
        attempts.append(1)
        yield 1
        if len(attempts) == 1:
            raise ValueError("first time")

    @flow
    def pipeline():
        return list(numbers()) if how == "called" else numbers.submit().result()

    assert pipeline() == ([1, 1] if how == "called" else [1])
    assert stored()[2][0][1].run_count == 2


def test_a_submitted_async_generator_gives_a_list():
    @task
    async def numbers():
        yield 1
        yield 2

    @flow
    def pipeline():
        return numbers.submit().result()

    assert pipeline() == [1, 2]


def test_a_generator_that_is_left_early_has_completed():
    closed = []

    @task
    def numbers():
        try:
            yield 1
            yield 2
        finally:
            closed.append(1)

    @flow
    def pipeline():
        values = numbers()
        first = next(values)
        values.close()
        return first

    assert pipeline() == 1
    assert closed == [1]
    [(_, row)] = stored()[2]
    assert (row.state.value, row.end is not None) == ("COMPLETED", True)


# --- kinds of functions ---------------------------------------------------------------------


class Shop:
    rate = 3

    @task
    def priced(self, n):
        return self.rate * n

    @task
    @classmethod
    def of_class(cls, n):
        return cls.rate + n

    @task
    @staticmethod
    def alone(n):
        return -n

    @flow
    def sell(self, n):
        return self.priced(n), self.of_class(n), Shop.alone(n), Shop.of_class(n)


def test_methods():
    assert Shop().sell(2) == (6, 5, -2, 5)


def test_partials_and_callable_objects():
    class Adder:
        def __call__(self, n):
            return n + 100

    added = task(name="added")(functools.partial(lambda a, b: a + b, 10))
    called = task(Adder())

    @flow
    def pipeline():
        return added(1), called(1)

    assert pipeline() == (11, 101)


@pytest.mark.parametrize("call", ["called", "submitted"])
def test_too_many_arguments_are_told_of_at_the_call(call):
    @flow
    def pipeline():
        (double if call == "called" else double.submit)(1, 2, 3)

    with pytest.raises(ParameterBindError, match="double"):
        pipeline()
    assert stored()[2] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"retries": 1, "retry_delay_seconds": "soon"}, "retry_delay_seconds"),
        ({"retry_on": "ValueError"}, "retry_on"),
        ({"on_failure": print}, "on_failure"),
        ({"on_failure": ["name"]}, "on_failure"),
        ({"task_run_name": 3}, "task_run_name"),
        ({"retry_condition_fn": 3}, "retry_condition_fn"),
        ({"retires": 3}, "retires"),
    ],
)
def test_a_wrong_option_is_named(options, words):
    with pytest.raises(TypeError, match=words):
        task(**options)(lambda: None)


# --- results --------------------------------------------------------------------------------


class Secretive:
    def __reduce__(self):
        raise TypeError("not for the disk")


def test_a_result_that_cannot_be_pickled_is_returned_and_said_not_to_be_kept():
    @task
    def make():
        return Secretive()

    @flow
    def pipeline():
        return isinstance(make(), Secretive)

    assert pipeline() is True
    run, _, [(_, row)] = stored()
    assert row.result is None
    [line] = [line.message for _, line in open_session().backend.logs(run.id)]
    assert "make" in line
    assert "cannot be kept" in line


def test_a_huge_result_is_returned_and_said_not_to_be_kept(monkeypatch):
    monkeypatch.setenv("NORIA_RESULTS_KEEP_LIMIT", "1000")

    @task
    def make(n):
        return b"x" * n

    @flow
    def pipeline():
        return len(make(5000)), len(make(10))

    assert pipeline() == (5000, 10)
    run, _, rows = stored()
    assert [row.result is not None for _, row in rows] == [False, True]
    [line] = [line.message for _, line in open_session().backend.logs(run.id)]
    assert "larger" in line


def test_a_place_that_takes_no_results_costs_no_result(tmp_path):
    blocked = tmp_path / "in the way"
    blocked.write_text("a file")

    @task(persist_result=True, result_storage=str(blocked / "below"))
    def make():
        return [1]

    @flow
    def pipeline():
        return make()

    assert pipeline() == [1]
    run, _, [(_, row)] = stored()
    assert (row.state.value, row.result) == ("COMPLETED", None)
    assert "cannot be kept" in open_session().backend.logs(run.id)[0][1].message


# --- counts ---------------------------------------------------------------------------------


def test_groups_count_what_the_task_rows_say():
    @task(retries=1)
    def odd(n):
        if n % 2 == 0:
            raise ValueError(n)
        return n

    @flow(on_unobserved_failure="ignore", retries=1)
    def pipeline():
        first = odd.map(range(6))
        double.map(first)
        double(1)
        raise RuntimeError("once more")

    pipeline(return_state=True)
    _, groups, tasks = stored()
    names = [row.state_name or row.state.value.lower() for _, row in tasks]
    counted = [sum(group.counts[place] for group in groups) for place in range(9)]
    by_name = dict(zip(GroupCount.NAMES, counted, strict=True))
    assert by_name["cached"] == names.count("Cached")
    assert by_name["failed"] == names.count("failed")
    assert by_name["not_ready"] == names.count("NotReady")
    assert sum(counted) == len(tasks) == 13
