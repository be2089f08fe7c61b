"""Options and attributes of tasks: names, run names, retries, timeouts, tags."""

import inspect
from typing import Any

from prefect import Task, flow, tags, task
from prefect.runtime import task_run

from tests.oracle.harness import error_kind, outcome, refused


def case_the_name_comes_from_the_function() -> Any:
    @task
    def load_data() -> None: ...

    return load_data.name


def case_given_names_are_kept_as_they_are() -> Any:
    def f() -> None: ...

    return [task(f, name=name).name for name in ("My Task", "读取CSV文件", "a/b", "a%b<>&", " x ")]


def case_an_empty_name_falls_back_to_the_function() -> Any:
    def some_task() -> None: ...

    return task(some_task, name="").name


def case_default_attributes() -> Any:
    @task
    def bare() -> None: ...

    return {
        "description": bare.description,
        "retries": bare.retries,
        "retry_delay_seconds": bare.retry_delay_seconds,
        "retry_jitter_factor": bare.retry_jitter_factor,
        "retry_condition_fn": bare.retry_condition_fn,
        "timeout_seconds": bare.timeout_seconds,
        "task_run_name": bare.task_run_name,
        "tags": sorted(bare.tags),
        "version": bare.version,
        "cache_key_fn": bare.cache_key_fn,
        "cache_expiration": bare.cache_expiration,
        "refresh_cache": bare.refresh_cache,
        "persist_result": bare.persist_result,
        "result_storage": bare.result_storage,
        "result_storage_key": bare.result_storage_key,
        "result_serializer": bare.result_serializer,
        "cache_result_in_memory": bare.cache_result_in_memory,
        "log_prints": bare.log_prints,
        "viz_return_value": bare.viz_return_value,
        "isasync": bare.isasync,
        "isgenerator": bare.isgenerator,
        "hooks": [bare.on_completion_hooks, bare.on_failure_hooks, bare.on_running_hooks],
        "transaction hooks": [bare.on_commit_hooks, bare.on_rollback_hooks],
    }


def case_given_attributes() -> Any:
    @task(
        description="d",
        retries=2,
        retry_delay_seconds=1.5,
        retry_jitter_factor=0.5,
        timeout_seconds=9,
        task_run_name="r",
        tags=["b", "a"],
        version="1",
        persist_result=True,
        log_prints=True,
        refresh_cache=True,
        cache_result_in_memory=False,
    )
    def full() -> None: ...

    return {
        "description": full.description,
        "retries": full.retries,
        "retry_delay_seconds": full.retry_delay_seconds,
        "retry_jitter_factor": full.retry_jitter_factor,
        "timeout_seconds": full.timeout_seconds,
        "task_run_name": full.task_run_name,
        "tags": [type(full.tags).__name__, sorted(full.tags)],
        "version": full.version,
        "persist_result": full.persist_result,
        "log_prints": full.log_prints,
        "refresh_cache": full.refresh_cache,
        "cache_result_in_memory": full.cache_result_in_memory,
    }


def case_kinds_of_functions() -> Any:
    @task
    def sync() -> None: ...

    @task
    async def asynchronous() -> None: ...

    @task
    def generator() -> Any:
        yield 1

    @task
    async def async_generator() -> Any:
        yield 1

    return [[t.isasync, t.isgenerator] for t in (sync, asynchronous, generator, async_generator)]


def case_the_task_key_starts_with_the_functions_name() -> Any:
    @task
    def load_data() -> None: ...

    @task(name="other name")
    def load_more() -> None: ...

    return [
        load_data.task_key.split("-")[0].split(".")[-1],
        load_more.task_key.split("-")[0].split(".")[-1],
        load_data.task_key == load_more.task_key,
        load_data.with_options(name="x").task_key == load_data.task_key,
    ]


def case_task_class_used_directly() -> Any:
    def add(a: int, b: int) -> int:
        return a + b

    made = Task(add, name="adder")
    return [made.name, made(1, 2), isinstance(made, Task)]


def case_unknown_options_are_refused() -> Any:
    return [
        error_kind(lambda: task(colour="blue"), mentions=("colour",)),
        error_kind(lambda: task("name")),
    ]


def case_with_options_makes_a_copy() -> Any:
    @task(name="first", retries=1, tags=["a"])
    def original() -> int:
        return 1

    changed = original.with_options(name="second", retries=3, tags=["b"], timeout_seconds=2)
    return {
        "original": [original.name, original.retries, sorted(original.tags)],
        "changed": [changed.name, changed.retries, sorted(changed.tags), changed.timeout_seconds],
        "same_fn": changed.fn is original.fn,
        "value": changed(),
    }


def case_with_options_without_arguments_keeps_everything() -> Any:
    @task(
        name="n",
        description="d",
        tags=["t"],
        retries=2,
        retry_delay_seconds=[1, 2],
        retry_jitter_factor=0.1,
        timeout_seconds=3,
        task_run_name="r",
        log_prints=True,
        persist_result=True,
        refresh_cache=True,
        result_storage_key="k",
    )
    def original() -> None: ...

    copy = original.with_options()
    fields = (
        "name",
        "description",
        "retries",
        "retry_delay_seconds",
        "retry_jitter_factor",
        "timeout_seconds",
        "task_run_name",
        "log_prints",
        "persist_result",
        "refresh_cache",
        "result_storage_key",
    )
    return {field: getattr(copy, field) for field in fields} | {"tags": sorted(copy.tags)}


def case_with_options_can_set_zero_and_false() -> Any:
    @task(retries=3, retry_delay_seconds=5, log_prints=True, persist_result=True)
    def original() -> None: ...

    copy = original.with_options(
        retries=0, retry_delay_seconds=0, log_prints=False, persist_result=False
    )
    return [copy.retries, copy.retry_delay_seconds, copy.log_prints, copy.persist_result]


def case_with_options_unknown_option() -> Any:
    @task
    def original() -> None: ...

    return error_kind(lambda: original.with_options(colour="blue"), mentions=("colour",))


def case_task_run_name_template() -> Any:
    @task(task_run_name="{kind}-{n:02d}")
    def named(kind: str, n: int = 3) -> Any:
        return task_run.name

    return [named("a"), named("b", 12)]


def case_task_run_name_from_a_callable() -> Any:
    @task(task_run_name=lambda: "called 一")
    def named() -> Any:
        return task_run.name

    return named()


def case_task_run_name_from_a_callable_with_parameters() -> Any:
    def make_name(parameters: dict[str, Any]) -> str:
        return f"with-{parameters['x']}"

    @task(task_run_name=make_name)
    def named(x: int) -> Any:
        return task_run.name

    return named(5)


def case_task_run_name_sees_resolved_futures() -> Any:
    @task
    def number() -> int:
        return 7

    @task(task_run_name="n-{x}")
    def named(x: int) -> Any:
        return task_run.name

    @flow
    def f() -> Any:
        return named(number.submit())

    return f()


def case_task_run_name_of_a_wrong_type() -> Any:
    return error_kind(lambda: task(lambda: 1, name="t", task_run_name=5))


def case_task_run_name_callable_returning_no_text() -> Any:
    @task(task_run_name=lambda: 5)
    def named() -> None: ...

    return outcome(named)["raised"]


def case_task_run_name_template_with_an_unknown_field() -> Any:
    @task(task_run_name="{missing}")
    def named() -> None: ...

    return refused(named)


def case_default_run_names_start_with_the_task_name() -> Any:
    @task
    def named() -> Any:
        return task_run.name

    @flow
    def f() -> Any:
        first, second = named(), named()
        return [first.rsplit("-", 1)[0], len(first.rsplit("-", 1)[1]), first != second]

    return [named(), f()]


def case_timeout_zero_and_float() -> Any:
    def f() -> None: ...

    return [task(f, timeout_seconds=0).timeout_seconds, task(f, timeout_seconds=3).timeout_seconds]


def case_tags_of_task_and_context_join() -> Any:
    @task(tags=["own"])
    def look() -> Any:
        return sorted(task_run.tags)

    @flow
    def f() -> Any:
        with tags("inner"):
            return [look(), look.submit().result()]

    with tags("outer"):
        return [look(), f()]


def case_tags_given_as_text_are_split_into_letters() -> Any:
    @task(tags="ab")
    def t() -> None: ...

    return sorted(t.tags)


def case_tags_with_options_replace() -> Any:
    @task(tags=["a"])
    def t() -> None: ...

    return [sorted(t.with_options(tags=["b"]).tags), sorted(t.with_options(tags=[]).tags)]


def case_hooks_through_with_options() -> Any:
    def hook(t: Any, r: Any, s: Any) -> None: ...

    @task(on_completion=[hook])
    def t() -> None: ...

    return [
        len(t.with_options().on_completion_hooks),
        len(t.with_options(on_completion=[hook, hook]).on_completion_hooks),
    ]


def case_two_tasks_of_one_function() -> Any:
    def add(a: int, b: int) -> int:
        return a + b

    first, second = task(add, name="first"), task(add, name="second")
    return [first(1, 2), second(3, 4), first.task_key == second.task_key]


def case_viz_return_value_is_kept() -> Any:
    @task(viz_return_value=4)
    def t() -> int:
        return 1

    return t.viz_return_value


def case_dunder_name_and_signature() -> Any:

    @task
    def t(a: int, b: str = "x") -> float:
        return 1.0

    return [t.__name__, str(inspect.signature(t)), str(inspect.signature(t.fn))]


def case_flow_signature() -> Any:

    @flow
    def f(a: int, b: str = "x") -> float:
        return 1.0

    return [f.__name__, str(inspect.signature(f))]
