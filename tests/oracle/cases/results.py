"""Persisted results and what a state keeps of them."""

import importlib
import threading
from typing import Any

from prefect import flow, task
from prefect.states import Failed

from tests.oracle.harness import caught_as, outcome, state_facts


def should_persist_result() -> Any:
    """The answer of the library's function of that name, looked up when it is asked."""
    return importlib.import_module("prefect.results").should_persist_result()


def case_persistence_is_off_by_default() -> Any:
    return importlib.import_module("prefect.results").get_default_persist_setting()


def case_should_persist_result_inside_runs() -> Any:
    @task
    def plain() -> Any:
        return should_persist_result()

    @task(persist_result=True)
    def persisted() -> Any:
        return should_persist_result()

    @flow(persist_result=True)
    def f() -> Any:
        return [should_persist_result(), plain(), persisted()]

    @flow
    def g() -> Any:
        return [should_persist_result(), plain(), persisted()]

    return [f(), g(), plain(), persisted()]


def case_a_flows_choice_and_a_tasks_own() -> Any:
    @task(persist_result=False)
    def refuses() -> Any:
        return should_persist_result()

    @flow(persist_result=True)
    def f() -> Any:
        return refuses()

    return f()


def case_results_of_persisted_runs() -> Any:
    @task(persist_result=True)
    def t() -> Any:
        return {"a": [1, (2, 3)]}

    @flow(persist_result=True)
    def f() -> Any:
        return t()

    state = f(return_state=True)
    return [state_facts(state), state.result()["a"][0], t(return_state=True).result()]


def case_a_persisted_failure() -> Any:
    @flow(persist_result=True)
    def f() -> None:
        raise ValueError("kept")

    state = f(return_state=True)
    return [state_facts(state), outcome(state.result)]


def case_serializers_by_name() -> Any:
    @task(persist_result=True, result_serializer="json")
    def t() -> Any:
        return {"a": 1}

    @task(persist_result=True, result_serializer="compressed/pickle")
    def u() -> Any:
        return {1, 2}

    return [t(), t.result_serializer, sorted(u())]


def case_a_result_that_cannot_be_serialized() -> Any:

    @task(persist_result=True)
    def t() -> Any:
        return threading.Lock()

    state = t(return_state=True)
    return [state_facts(state), type(state.result()).__name__]


def case_an_unknown_serializer_name() -> Any:
    @task(persist_result=True, result_serializer="yaml")
    def t() -> Any:
        return 1

    return caught_as(t, ValueError)


def case_the_result_store_inside_a_run() -> Any:
    @flow
    def f() -> Any:
        results = importlib.import_module("prefect.results")
        return isinstance(results.get_result_store(), results.ResultStore)

    return f()


def case_cache_result_in_memory_false() -> Any:
    @task(persist_result=True, cache_result_in_memory=False)
    def t() -> Any:
        return [1, 2]

    @flow
    def f() -> Any:
        return [t(), t.submit().result()]

    return f()


def case_a_failed_state_with_data_and_persistence() -> Any:
    @task(persist_result=True)
    def t() -> Any:
        return Failed(message="m", data="text")

    return outcome(t(return_state=True).result)


def case_a_persisted_generator_result() -> Any:
    @task(persist_result=True)
    def t() -> Any:
        yield 1
        yield 2

    return list(t())
