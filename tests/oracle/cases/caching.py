"""Caching of task results: policies, keys, expiration, refreshing."""

import datetime
import threading
from typing import Any

from prefect import flow, task
from prefect.cache_policies import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    NO_CACHE,
    NONE,
    RUN_ID,
    TASK_SOURCE,
    CacheKeyFnPolicy,
    CachePolicy,
    CompoundCachePolicy,
    FlowParameters,
    Inputs,
    RunId,
    TaskSource,
)
from prefect.tasks import task_input_hash

from tests.oracle.harness import error_kind, lineage, outcome, state_facts


def counted(**options: Any) -> Any:
    """A task that notes its calls, and the notes."""
    calls: list[Any] = []

    @task(**options)
    def t(x: Any = 1, y: Any = 2) -> Any:
        calls.append(x)
        return [x, len(calls)]

    return t, calls


def case_the_kinds_of_policies() -> Any:
    return {
        "DEFAULT": type(DEFAULT).__name__,
        "INPUTS": type(INPUTS).__name__,
        "TASK_SOURCE": type(TASK_SOURCE).__name__,
        "RUN_ID": type(RUN_ID).__name__,
        "FLOW_PARAMETERS": type(FLOW_PARAMETERS).__name__,
        "same": NO_CACHE == NONE,
    }


def case_policies_are_cache_policies() -> Any:
    return [
        isinstance(policy, CachePolicy)
        for policy in (DEFAULT, INPUTS, NO_CACHE, NONE, RUN_ID, TASK_SOURCE, FLOW_PARAMETERS)
    ]


def case_equality_of_policies() -> Any:
    return [
        Inputs() == INPUTS,
        TaskSource() == TASK_SOURCE,
        RunId() == RUN_ID,
        FlowParameters() == FLOW_PARAMETERS,
        Inputs(exclude=["a"]) == INPUTS,
        (INPUTS + TASK_SOURCE) == (INPUTS + TASK_SOURCE),
        (INPUTS + TASK_SOURCE) == (TASK_SOURCE + INPUTS),
    ]


def case_adding_policies() -> Any:
    both = INPUTS + TASK_SOURCE
    return [
        type(both).__name__,
        sorted(type(policy).__name__ for policy in both.policies),
        sorted(type(policy).__name__ for policy in (both + RUN_ID).policies),
        sorted(type(policy).__name__ for policy in DEFAULT.policies),
    ]


def case_adding_no_cache_and_none() -> Any:
    return [
        type(INPUTS + NONE).__name__,
        type(NONE + INPUTS).__name__,
        type(INPUTS + NO_CACHE).__name__,
    ]


def case_subtracting_an_input() -> Any:
    less = INPUTS - "a"
    return [type(less).__name__, less.exclude, INPUTS.exclude, (less - "b").exclude]


def case_subtracting_from_a_sum() -> Any:
    less = (INPUTS + TASK_SOURCE) - "a"
    return [type(less).__name__, sorted(type(policy).__name__ for policy in less.policies)]


def case_subtracting_something_that_is_no_text() -> Any:
    return [error_kind(lambda: INPUTS - 1), error_kind(lambda: DEFAULT - 1)]


def case_subtracting_from_other_policies() -> Any:
    return [
        outcome(lambda policy=policy: type(policy - "a").__name__)
        for policy in (RUN_ID, TASK_SOURCE)
    ]


def case_policy_from_a_key_function() -> Any:
    policy = CachePolicy.from_cache_key_fn(lambda context, inputs: "k")
    return [
        type(policy).__name__,
        isinstance(policy, CacheKeyFnPolicy),
        lineage(CacheKeyFnPolicy)[:2],
    ]


def case_compute_key_of_inputs() -> Any:
    def key(policy: Any, inputs: Any) -> Any:
        return policy.compute_key(task_ctx=None, inputs=inputs, flow_parameters={})

    return [
        key(INPUTS, {}) is None,
        key(INPUTS, {"a": 1}) == key(INPUTS, {"a": 1}),
        key(INPUTS, {"a": 1}) == key(INPUTS, {"a": 2}),
        key(INPUTS, {"a": 1, "b": 2}) == key(INPUTS, {"b": 2, "a": 1}),
        key(INPUTS - "b", {"a": 1, "b": 2}) == key(INPUTS - "b", {"a": 1, "b": 3}),
        type(key(INPUTS, {"a": [1, {"b": {2}}]})).__name__,
        key(NO_CACHE, {"a": 1}),
        key(TASK_SOURCE, {"a": 1}),
        key(RUN_ID, {"a": 1}),
        key(FLOW_PARAMETERS, {"a": 1}),
    ]


def case_compute_key_of_unhashable_inputs() -> Any:
    return error_kind(
        lambda: INPUTS.compute_key(
            task_ctx=None, inputs={"lock": threading.Lock()}, flow_parameters={}
        )
    )


def case_compute_key_of_flow_parameters() -> Any:
    def key(parameters: Any) -> Any:
        return FLOW_PARAMETERS.compute_key(task_ctx=None, inputs={}, flow_parameters=parameters)

    return [key({"a": 1}) == key({"a": 1}), key({"a": 1}) == key({"a": 2}), key({}) is None]


def case_configure_policies() -> Any:
    policy = INPUTS.configure(key_storage="somewhere")
    return [policy.key_storage, INPUTS.key_storage, type(policy).__name__]


def case_the_default_cache_policy_of_a_task() -> Any:
    t, _ = counted()
    persisted, _ = counted(persist_result=True)
    unpersisted, _ = counted(persist_result=False)
    return [
        type(t.cache_policy).__name__,
        type(persisted.cache_policy).__name__,
        type(unpersisted.cache_policy).__name__,
        t.cache_policy == DEFAULT,
    ]


def case_a_cache_policy_turns_persistence_on() -> Any:
    by_policy, _ = counted(cache_policy=INPUTS)
    by_key, _ = counted(cache_key_fn=lambda c, i: "k")
    by_nothing, _ = counted(cache_policy=NO_CACHE)
    return [by_policy.persist_result, by_key.persist_result, by_nothing.persist_result]


def case_a_key_function_becomes_the_policy() -> Any:
    t, _ = counted(cache_key_fn=lambda c, i: "k")
    return [type(t.cache_policy).__name__, t.cache_key_fn is not None]


def case_no_caching_by_default_outside_a_flow() -> Any:
    t, calls = counted()
    t(1)
    t(1)
    return calls


def case_no_caching_by_default_inside_a_flow() -> Any:
    t, calls = counted()

    @flow
    def f() -> None:
        t(1)
        t(1)

    f()
    return calls


def case_the_default_policy_caches_within_a_run_when_persisted() -> Any:
    t, calls = counted(persist_result=True)

    @flow
    def f() -> Any:
        return [t(1), t(1), t(2)]

    return [f(), f(), calls]


def case_cached_by_inputs() -> Any:
    t, calls = counted(cache_policy=INPUTS)
    first, second = t("by-inputs", return_state=True), t("by-inputs", return_state=True)
    third = t("by-inputs-3", return_state=True)
    return [first.name, second.name, third.name, second.result(), calls]


def case_cached_by_inputs_across_flows() -> Any:
    t, calls = counted(cache_policy=INPUTS)

    @flow
    def f() -> Any:
        return t("across-flows", return_state=True).name

    @flow
    def g() -> Any:
        return t("across-flows", return_state=True).name

    return [f(), g(), len(calls)]


def case_cached_by_inputs_with_an_excluded_input() -> Any:
    t, calls = counted(cache_policy=INPUTS - "y")
    return [t("excluded", 1), t("excluded", 2), calls]


def case_cached_by_a_key_function() -> Any:
    seen: list[Any] = []

    def key(context: Any, inputs: Any) -> str:
        seen.append([context.task.name, inputs])
        return f"key-function-{inputs['x']}"

    t, calls = counted(cache_key_fn=key)
    return [t("a"), t("a", 99), t("b"), calls, seen]


def case_a_key_function_that_gives_none() -> Any:
    t, calls = counted(cache_key_fn=lambda context, inputs: None)
    return [t("none"), t("none"), len(calls)]


def case_a_key_function_that_breaks() -> Any:
    def key(context: Any, inputs: Any) -> str:
        raise RuntimeError("key broke")

    t, calls = counted(cache_key_fn=key)
    return [state_facts(t("breaks", return_state=True)), len(calls)]


def case_task_input_hash() -> Any:
    t, calls = counted(cache_key_fn=task_input_hash)
    return [t("input-hash"), t("input-hash"), t("input-hash", y=5), len(calls)]


def case_a_cached_task_in_a_map() -> Any:
    t, calls = counted(cache_policy=INPUTS)

    @flow
    def f() -> Any:
        t("map-a")
        states = t.map(["map-a", "map-b"], return_state=True)
        return [state.name for state in states]

    return [f(), sorted(calls)]


def case_unhashable_inputs_run_uncached() -> Any:
    t, calls = counted(cache_policy=INPUTS)
    lock = threading.Lock()
    states = [t(lock, return_state=True).name for _ in range(2)]
    return [states, len(calls)]


def case_refresh_cache_runs_again() -> Any:
    t, calls = counted(cache_policy=INPUTS)
    fresh = t.with_options(refresh_cache=True)
    states = [t("refresh", return_state=True), fresh("refresh", return_state=True)]
    states.append(t("refresh", return_state=True))
    return [[state.name for state in states], [state.result()[1] for state in states], len(calls)]


def case_expired_results_run_again() -> Any:
    t, calls = counted(cache_policy=INPUTS, cache_expiration=datetime.timedelta(seconds=-1))
    return [t("expired", return_state=True).name, t("expired", return_state=True).name, len(calls)]


def case_results_before_their_expiration_are_used() -> Any:
    t, calls = counted(cache_policy=INPUTS, cache_expiration=datetime.timedelta(days=1))
    return [t("lasting", return_state=True).name, t("lasting", return_state=True).name, len(calls)]


def case_failures_are_not_cached() -> Any:
    calls: list[int] = []

    @task(cache_key_fn=lambda context, inputs: "failures-not-cached")
    def flaky() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("once")
        return 5

    return [outcome(flaky), flaky(), flaky(), len(calls)]


def case_none_can_be_cached() -> Any:
    calls: list[int] = []

    @task(cache_key_fn=lambda context, inputs: "none-cached")
    def nothing() -> None:
        calls.append(1)

    return [nothing(), nothing(return_state=True).name, nothing(), len(calls)]


def case_no_cache_runs_every_time() -> Any:
    t, calls = counted(cache_policy=NO_CACHE, persist_result=True)
    return [t("no-cache"), t("no-cache"), len(calls)]


def case_flow_parameters_policy() -> Any:
    t, calls = counted(cache_policy=FLOW_PARAMETERS)

    @flow
    def f(p: str) -> Any:
        return t(p)

    return [f("flow-param-1"), f("flow-param-1"), f("flow-param-2"), calls]


def case_task_source_policy() -> Any:
    first, first_calls = counted(cache_policy=TASK_SOURCE + INPUTS)
    second, second_calls = counted(cache_policy=TASK_SOURCE + INPUTS)
    first("source")
    second("source")
    return [len(first_calls), len(second_calls)]


def case_run_id_policy() -> Any:
    t, calls = counted(cache_policy=RUN_ID)

    @flow
    def f() -> Any:
        return [t("r1"), t("r2")]

    return [f(), f(), len(calls)]


def case_a_custom_policy() -> Any:
    class ByFirstLetter(CachePolicy):  # type: ignore[misc]
        def compute_key(
            self, task_ctx: Any, inputs: Any, flow_parameters: Any, **kwargs: Any
        ) -> str:
            return "first-letter-" + inputs["x"][0]

    t, calls = counted(cache_policy=ByFirstLetter())
    return [t("apple"), t("avocado"), t("banana"), calls]


def case_result_storage_key_works_as_a_cache() -> Any:
    t, calls = counted(persist_result=True, result_storage_key="storage-key-{parameters[x]}")
    return [t("k"), outcome(lambda: t("k", 5)), len(calls)]


def case_contradicting_options() -> Any:
    def f() -> None: ...

    def made(**options: Any) -> Any:
        return outcome(lambda: type(task(f, **options).cache_policy).__name__)

    return [
        made(cache_policy=INPUTS, persist_result=False),
        made(cache_key_fn=lambda c, i: "k", persist_result=False),
        made(cache_policy=INPUTS, cache_key_fn=lambda c, i: "k"),
    ]


def case_a_cached_value_is_equal_but_need_not_be_the_same_object() -> Any:
    @task(cache_key_fn=lambda context, inputs: "same-object")
    def make() -> list[int]:
        return [1, 2]

    return make() == make()


def case_futures_as_inputs_are_resolved_for_the_key() -> Any:
    t, calls = counted(cache_policy=INPUTS)

    @task
    def name() -> str:
        return "future-key"

    @flow
    def f() -> Any:
        return [t(name.submit(), return_state=True).name, t("future-key", return_state=True).name]

    return [f(), calls]


def case_with_options_changes_the_policy() -> Any:
    t, _ = counted(cache_policy=INPUTS)
    return [
        type(t.with_options().cache_policy).__name__,
        type(t.with_options(cache_policy=NO_CACHE).cache_policy).__name__,
        type(t.with_options(cache_key_fn=lambda c, i: "k").cache_policy).__name__,
    ]


def case_compound_policy_class() -> Any:
    policy = CompoundCachePolicy(policies=[INPUTS, RUN_ID])
    return [policy == INPUTS + RUN_ID, len(policy.policies)]
