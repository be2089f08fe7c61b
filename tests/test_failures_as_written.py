"""Failure handling in the shapes that people write, under both names of the modules."""

from __future__ import annotations

import importlib

import pytest

import noria.compat.prefect  # noqa: F401 - the name of Prefect
from noria.runtime import flow_run, task_run
from noria.settings import temporary_settings


@pytest.fixture(params=["noria", "prefect"])
def names(request):
    """The modules that such code imports from."""
    found = type("Names", (), {})()
    top = importlib.import_module(request.param)
    exceptions = importlib.import_module(f"{request.param}.exceptions")
    found.flow, found.task = top.flow, top.task
    found.TemporaryError, found.PermanentError = (
        exceptions.TemporaryError,
        exceptions.PermanentError,
    )
    return found


def test_one_kind_of_error_is_raised_to_be_retried_and_another_ends_it(names):
    Busy = type("Busy", (names.TemporaryError,), {})  # noqa: N806 - a class
    Gone = type("Gone", (names.PermanentError,), {})  # noqa: N806 - a class
    asked = []

    def ask(page):
        asked.append(page)
        if page == "busy" and asked.count(page) < 3:
            raise Busy("later")
        if page == "gone":
            raise Gone("404")
        return page

    @names.task(name="读取", retries=3, retry_delay_seconds=[0, 0, 0])
    def read(page):
        try:
            return ask(page)
        except names.TemporaryError:
            raise
        except names.PermanentError:
            return None

    @names.flow
    def pages():
        return [read("busy"), read("gone"), read("fine")]

    assert pages() == ["busy", None, "fine"]
    assert asked == ["busy", "busy", "busy", "gone", "fine"]


def test_a_permanent_error_is_not_tried_again(names):
    calls = []

    @names.task(retries=3)
    def read(kind):
        calls.append(kind)
        raise kind("no")

    for kind in (names.PermanentError, names.TemporaryError):
        with pytest.raises(kind):
            read(kind)
    assert calls.count(names.PermanentError) == 1
    assert calls.count(names.TemporaryError) == 4


def test_unless_that_is_asked_for(names):
    calls = []

    @names.task(retries=1, retry_on=names.PermanentError)
    def read():
        calls.append(1)
        raise names.PermanentError("no")

    with pytest.raises(names.PermanentError):
        read()
    assert calls == [1, 1]


@pytest.mark.parametrize("way", ["raises", "returns"])
def test_a_condition_looks_at_the_state(names, way):
    def raises(task, task_run, state):
        try:
            state.result()
        except names.TemporaryError:
            return True
        except Exception:  # noqa: BLE001 - as people write it
            return False

    def returns(task, task_run, state):
        return isinstance(state.result(raise_on_failure=False), names.TemporaryError)

    calls = []

    @names.task(retries=2, retry_condition_fn={"raises": raises, "returns": returns}[way])
    def read(kind):
        calls.append(kind)
        raise kind("no")

    for kind in (names.TemporaryError, ValueError):
        with pytest.raises(kind):
            read(kind)
    assert calls == [names.TemporaryError] * 3 + [ValueError]


def test_a_loop_with_try_and_except_tells_good_from_bad(names):
    @names.task
    def halve(n):
        if n % 2:
            raise ValueError(f"{n} 是奇数")
        return n // 2

    @names.flow
    def halves(numbers: list[int]):
        good, bad = [], []
        for number in numbers:
            try:
                good.append(halve(number))
            except Exception as error:  # noqa: BLE001 - as people write it
                bad.append({"item": number, "error": str(error)})
        return {"good": good, "bad": bad, "rate": len(good) / len(numbers)}

    assert halves([2, 3, 4, 6]) == {
        "good": [1, 2, 3],
        "bad": [{"item": 3, "error": "3 是奇数"}],
        "rate": 0.75,
    }


def test_a_run_knows_its_page(names):
    @names.task
    def page():
        return task_run.ui_url

    @names.flow
    def pages():
        return flow_run.ui_url, flow_run.id, page()

    assert pages()[0] is None
    with temporary_settings({"NORIA_UI_URL": "https://noria.example.com"}):
        of_flow, run_id, of_task = pages()
    assert of_flow == f"https://noria.example.com/runs/flow-run/{run_id}"
    assert of_task.startswith("https://noria.example.com/runs/task-run/")
