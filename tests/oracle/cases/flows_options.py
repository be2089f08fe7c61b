"""Options and attributes of flows: names, descriptions, versions, retries, timeouts, run names."""

import functools
from typing import Any

from prefect import Flow, flow, tags
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from tests.oracle.harness import error_kind, outcome


def case_the_name_comes_from_the_function_with_dashes() -> Any:
    @flow
    def load_and_clean_data() -> None: ...

    return [load_and_clean_data.name, load_and_clean_data.__name__]


def case_a_given_name_is_kept_as_it_is() -> Any:
    def f() -> None: ...

    return [
        flow(f, name=name).name
        for name in ("My Flow", "snake_case", "日报", "a.b", "with spaces  ")
    ]


def case_names_that_are_refused() -> Any:
    def f() -> None: ...

    return {
        repr(name): error_kind(lambda name=name: flow(f, name=name))
        for name in ("a/b", "a%b", "a&b", "a>b", "a<b", 5)
    }


def case_an_empty_name_falls_back_to_the_function() -> Any:
    def some_flow() -> None: ...

    return flow(some_flow, name="").name


def case_the_description_comes_from_the_docstring() -> Any:
    @flow
    def documented() -> None:
        """
        First line.

            Indented line.
        """

    @flow(description="given")
    def described() -> None:
        """Docstring."""

    @flow
    def bare() -> None: ...

    return [documented.description, described.description, bare.description]


def case_a_given_version_is_kept() -> Any:
    @flow(version="1.2")
    def versioned() -> None: ...

    return versioned.version


def case_the_default_version_is_a_hash_of_the_file() -> Any:
    @flow
    def versioned() -> None: ...

    return [type(versioned.version).__name__, len(versioned.version or "")]


def case_default_attributes() -> Any:
    @flow
    def bare() -> None: ...

    return {
        "retries": bare.retries,
        "retry_delay_seconds": bare.retry_delay_seconds,
        "timeout_seconds": bare.timeout_seconds,
        "flow_run_name": bare.flow_run_name,
        "should_validate_parameters": bare.should_validate_parameters,
        "persist_result": bare.persist_result,
        "result_storage": bare.result_storage,
        "result_serializer": bare.result_serializer,
        "cache_result_in_memory": bare.cache_result_in_memory,
        "log_prints": bare.log_prints,
        "isasync": bare.isasync,
        "isgenerator": bare.isgenerator,
        "task_runner": type(bare.task_runner).__name__,
        "hooks": [
            bare.on_completion_hooks,
            bare.on_failure_hooks,
            bare.on_cancellation_hooks,
            bare.on_crashed_hooks,
            bare.on_running_hooks,
        ],
    }


def case_given_attributes() -> Any:
    @flow(
        retries=3,
        retry_delay_seconds=1.5,
        timeout_seconds=10,
        flow_run_name="run of {x}",
        validate_parameters=False,
        persist_result=True,
        cache_result_in_memory=False,
        log_prints=True,
        result_serializer="json",
    )
    def full(x: int) -> None: ...

    return {
        "retries": full.retries,
        "retry_delay_seconds": full.retry_delay_seconds,
        "timeout_seconds": full.timeout_seconds,
        "flow_run_name": full.flow_run_name,
        "should_validate_parameters": full.should_validate_parameters,
        "persist_result": full.persist_result,
        "cache_result_in_memory": full.cache_result_in_memory,
        "log_prints": full.log_prints,
        "result_serializer": full.result_serializer,
    }


def case_timeout_seconds_becomes_a_float() -> Any:
    @flow(timeout_seconds=10)
    def limited() -> None: ...

    @flow(timeout_seconds=0)
    def unlimited() -> None: ...

    return [
        type(limited.timeout_seconds).__name__,
        limited.timeout_seconds,
        unlimited.timeout_seconds,
    ]


def case_kinds_of_functions() -> Any:
    @flow
    def sync() -> None: ...

    @flow
    async def asynchronous() -> None: ...

    @flow
    def generator() -> Any:
        yield 1

    @flow
    async def async_generator() -> Any:
        yield 1

    return [[f.isasync, f.isgenerator] for f in (sync, asynchronous, generator, async_generator)]


def case_flow_class_used_directly() -> Any:
    def add(a: int, b: int) -> int:
        return a + b

    made = Flow(add, name="adder")
    return [made.name, made(1, 2), isinstance(made, Flow)]


def case_unknown_options_are_refused() -> Any:
    return error_kind(lambda: flow(colour="blue"), mentions=("colour",))


def case_options_by_position_are_refused() -> Any:
    return error_kind(lambda: flow("name"))


def case_with_options_makes_a_copy() -> Any:
    @flow(name="first", retries=1, description="d")
    def original() -> int:
        return 1

    changed = original.with_options(name="second", retries=4, timeout_seconds=3)
    return {
        "original": [original.name, original.retries, original.timeout_seconds],
        "changed": [changed.name, changed.retries, changed.timeout_seconds, changed.description],
        "different": changed is not original,
        "same_fn": changed.fn is original.fn,
        "value": changed(),
    }


def case_with_options_without_arguments_keeps_everything() -> Any:
    @flow(
        name="n",
        description="d",
        version="v",
        retries=2,
        retry_delay_seconds=3,
        timeout_seconds=4,
        flow_run_name="r",
        validate_parameters=False,
        log_prints=True,
        persist_result=True,
    )
    def original() -> None: ...

    copy = original.with_options()
    fields = (
        "name",
        "description",
        "version",
        "retries",
        "retry_delay_seconds",
        "timeout_seconds",
        "flow_run_name",
        "should_validate_parameters",
        "log_prints",
        "persist_result",
    )
    return {field: getattr(copy, field) for field in fields}


def case_with_options_can_set_zero_and_false() -> Any:
    @flow(retries=3, validate_parameters=True, log_prints=True, persist_result=True)
    def original() -> None: ...

    copy = original.with_options(
        retries=0, validate_parameters=False, log_prints=False, persist_result=False
    )
    return [copy.retries, copy.should_validate_parameters, copy.log_prints, copy.persist_result]


def case_with_options_hooks_replace_and_copy() -> Any:
    def one(f: Any, r: Any, s: Any) -> None: ...
    def two(f: Any, r: Any, s: Any) -> None: ...

    @flow(on_completion=[one])
    def original() -> None: ...

    changed = original.with_options(on_completion=[two])
    kept = original.with_options()
    return [
        [h.__name__ for h in changed.on_completion_hooks],
        [h.__name__ for h in kept.on_completion_hooks],
        kept.on_completion_hooks is original.on_completion_hooks,
    ]


def case_with_options_unknown_option() -> Any:
    @flow
    def original() -> None: ...

    return error_kind(lambda: original.with_options(colour="blue"), mentions=("colour",))


def case_task_runner_given_as_an_instance_and_as_a_class() -> Any:
    @flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
    def by_instance() -> None: ...

    @flow(task_runner=ThreadPoolTaskRunner)
    def by_class() -> None: ...

    return [
        by_instance.task_runner._max_workers,
        type(by_class.task_runner).__name__,
    ]


def case_two_flows_of_one_function() -> Any:
    def add(a: int, b: int) -> int:
        return a + b

    first, second = flow(add, name="first"), flow(add, name="second")
    return [first(1, 2), second(3, 4), first.name, second.name]


def case_a_flow_over_another_decorator() -> Any:

    def doubled(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return 2 * fn(*args, **kwargs)

        return wrapper

    @flow
    @doubled
    def add(a: int, b: int = 1) -> int:
        return a + b

    return [add.name, add(1), add("2"), outcome(add)["raised"]]


def case_tags_of_the_context_are_on_the_flow_run() -> Any:
    @flow
    def look() -> Any:
        return sorted(flow_run.tags)

    with tags("a", "b"):
        inside = look()
        with tags("c"):
            deeper = look()
    return [inside, deeper, look()]


def case_tags_of_a_parent_flow_reach_the_child() -> Any:
    @flow
    def child() -> Any:
        return sorted(flow_run.tags)

    @flow
    def parent() -> Any:
        with tags("inner"):
            return child()

    with tags("outer"):
        return parent()


def case_retry_options_of_wrong_types() -> Any:
    def f() -> None: ...

    return [
        outcome(lambda: flow(f, retries=-1).retries),
        outcome(lambda: flow(f, retries=None).retries),
        outcome(lambda: flow(f, retry_delay_seconds=None).retry_delay_seconds),
    ]


def case_hooks_that_are_no_lists_or_not_callable() -> Any:
    def f() -> None: ...

    return [
        error_kind(lambda: flow(f, on_completion=lambda a, b, c: None)),
        error_kind(lambda: flow(f, on_failure=["text"])),
        error_kind(lambda: flow(f, on_failure=[])),
        error_kind(lambda: flow(f, on_running=f)),
    ]
