"""prefect.runtime and prefect.context, inside and outside of runs."""

import os
import threading
import uuid
from typing import Any

import prefect.context
from prefect import flow, tags, task
from prefect.context import (
    FlowRunContext,
    TaskRunContext,
    get_run_context,
)
from prefect.exceptions import MissingContextError
from prefect.runtime import deployment, flow_run, task_run

from tests.oracle.harness import error_kind, outcome

FLOW_FIELDS = (
    "id",
    "tags",
    "name",
    "flow_name",
    "flow_version",
    "parameters",
    "parent_flow_run_id",
    "parent_deployment_id",
    "root_flow_run_id",
    "run_count",
    "job_variables",
    "api_url",
    "ui_url",
)
TASK_FIELDS = ("id", "tags", "name", "task_name", "parameters", "run_count", "api_url", "ui_url")


def case_flow_run_fields_outside_a_run() -> Any:
    return {name: getattr(flow_run, name) for name in FLOW_FIELDS}


def case_scheduled_start_time_outside_a_run() -> Any:
    return flow_run.scheduled_start_time.tzinfo is not None


def case_task_run_fields_outside_a_run() -> Any:
    return {name: getattr(task_run, name) for name in TASK_FIELDS}


def case_deployment_fields_outside_a_run() -> Any:
    return [deployment.id, deployment.parameters, outcome(lambda: deployment.name)]


def case_unknown_fields_are_attribute_errors() -> Any:
    return [
        error_kind(lambda: flow_run.colour),
        error_kind(lambda: task_run.colour),
        error_kind(lambda: deployment.colour),
    ]


def case_dir_of_the_runtime_modules() -> Any:
    return [dir(flow_run), dir(task_run), dir(deployment)]


def case_flow_run_fields_inside_a_flow() -> Any:
    @flow(name="outer flow", version="v1", flow_run_name="the run")
    def f(x: int, y: int = 2) -> Any:
        return {
            "id_is_text": isinstance(flow_run.id, str),
            "id_is_uuid": str(uuid.UUID(flow_run.id)) == flow_run.id,
            "name": flow_run.name,
            "flow_name": flow_run.flow_name,
            "flow_version": flow_run.flow_version,
            "parameters": flow_run.parameters,
            "run_count": flow_run.run_count,
            "tags": flow_run.tags,
            "parent_flow_run_id": flow_run.parent_flow_run_id,
            "root_is_self": flow_run.root_flow_run_id == flow_run.id,
            "parent_deployment_id": flow_run.parent_deployment_id,
            "scheduled": flow_run.scheduled_start_time.tzinfo is not None,
        }

    return f(1)


def case_flow_run_fields_inside_a_child_flow() -> Any:
    @flow
    def child() -> Any:
        return [flow_run.id, flow_run.parent_flow_run_id, flow_run.root_flow_run_id]

    @flow
    def parent() -> Any:
        return [flow_run.id, child()]

    mine, (own, parent_id, root_id) = parent()
    return [own == mine, parent_id == mine, root_id == mine]


def case_flow_run_fields_inside_a_grandchild() -> Any:
    @flow
    def grandchild() -> Any:
        return [flow_run.parent_flow_run_id, flow_run.root_flow_run_id]

    @flow
    def child() -> Any:
        return [flow_run.id, grandchild()]

    @flow
    def parent() -> Any:
        return [flow_run.id, child()]

    top, (middle, (parent_id, root_id)) = parent()
    return [parent_id == middle, root_id == top]


def case_task_run_fields_inside_a_task() -> Any:
    @task(name="my task", task_run_name="the run", tags=["t"])
    def look(x: int, y: int = 2) -> Any:
        return {
            "id_is_text": isinstance(task_run.id, str),
            "name": task_run.name,
            "task_name": task_run.task_name,
            "parameters": task_run.parameters,
            "run_count": task_run.run_count,
            "tags": task_run.tags,
            "flow_run_id": flow_run.id,
            "flow_name": flow_run.flow_name,
        }

    return look(1)


def case_flow_run_fields_inside_a_task_of_a_flow() -> Any:
    @task
    def look() -> Any:
        return [flow_run.id, flow_run.flow_name, flow_run.parameters, task_run.task_name]

    @flow(name="around")
    def f(x: int = 1) -> Any:
        own = flow_run.id
        direct, submitted = look(), look.submit().result()
        return [direct[0] == own, submitted[0] == own, direct[1:], submitted[1:]]

    return f()


def case_task_run_fields_inside_a_flow_are_empty() -> Any:
    @flow
    def f() -> Any:
        return {name: getattr(task_run, name) for name in ("id", "name", "parameters", "run_count")}

    return f()


def case_task_run_fields_in_a_flow_inside_a_task() -> Any:
    @flow
    def inner() -> Any:
        return [task_run.task_name, flow_run.flow_name]

    @task(name="middle")
    def middle() -> Any:
        return inner()

    @flow(name="outer")
    def outer() -> Any:
        return middle()

    return outer()


def case_task_run_id_equals_the_futures_id() -> Any:
    @task
    def look() -> Any:
        return task_run.id

    @flow
    def f() -> Any:
        future = look.submit()
        return future.result() == str(future.task_run_id)

    return f()


def case_parameters_of_a_task_are_resolved() -> Any:
    @task
    def one() -> int:
        return 1

    @task
    def look(x: Any) -> Any:
        return task_run.parameters

    @flow
    def f() -> Any:
        return look(one.submit())

    return f()


def case_ids_stay_the_same_over_retries() -> Any:
    seen: list[Any] = []

    @task(retries=1)
    def flaky() -> None:
        seen.append(task_run.id)
        if len(seen) == 1:
            raise ValueError("once")

    flaky()
    return seen[0] == seen[1]


def case_runtime_fields_can_be_set_by_environment() -> Any:

    keys = ("PREFECT__RUNTIME__FLOW_RUN__NAME", "PREFECT__RUNTIME__TASK_RUN__TASK_NAME")
    for key in keys:
        os.environ[key] = "mocked"
    try:
        return [flow_run.name, task_run.task_name]
    finally:
        for key in keys:
            del os.environ[key]


def case_get_run_context_outside_a_run() -> Any:
    return [error_kind(get_run_context), issubclass(MissingContextError, RuntimeError)]


def case_get_run_context_inside_runs() -> Any:
    @task
    def look() -> Any:
        return isinstance(get_run_context(), TaskRunContext)

    @flow
    def f() -> Any:
        return [isinstance(get_run_context(), FlowRunContext), look()]

    return [f(), look()]


def case_contexts_outside_a_run() -> Any:
    return [FlowRunContext.get(), TaskRunContext.get()]


def case_flow_run_context_attributes() -> Any:
    @flow(name="f", flow_run_name="run", log_prints=True)
    def f(x: int) -> Any:
        context = FlowRunContext.get()
        return [
            context.flow is f,
            context.flow_run.name,
            str(context.flow_run.id) == flow_run.id,
            context.parameters,
            type(context.task_runner).__name__,
            context.flow_run.state.name,
            context.log_prints,
        ]

    return f(3)


def case_task_run_context_attributes() -> Any:
    @task(task_run_name="run")
    def t(x: int) -> Any:
        context = TaskRunContext.get()
        return [
            context.task is t,
            context.task_run.name,
            str(context.task_run.id) == task_run.id,
            context.parameters,
            context.task_run.state.name,
            context.task_run.flow_run_id,
        ]

    return t(3)


def case_flow_context_is_visible_in_a_task() -> Any:
    @task
    def look() -> Any:
        return [FlowRunContext.get() is not None, TaskRunContext.get() is not None]

    @flow
    def f() -> Any:
        return [look(), look.submit().result()]

    return [f(), look()]


def case_task_context_in_a_flow_inside_a_task() -> Any:
    @flow
    def inner() -> Any:
        context = TaskRunContext.get()
        return context.task.name if context else None

    @task
    def middle() -> Any:
        return inner()

    return middle()


def case_context_is_gone_after_the_run() -> Any:
    @flow
    def f() -> None:
        raise ValueError("x")

    f(return_state=True)
    return [FlowRunContext.get(), error_kind(get_run_context)]


def case_tags_context() -> Any:
    with tags("a", "b") as first:
        with tags("c") as second:
            inner = sorted(prefect.context.TagsContext.get().current_tags)
        outer = sorted(prefect.context.TagsContext.get().current_tags)
    after = sorted(prefect.context.TagsContext.get().current_tags)
    return [sorted(first), sorted(second), inner, outer, after]


def case_tags_with_nothing_and_twice_the_same() -> Any:
    with tags() as none, tags("a", "a") as one:
        return [sorted(none), sorted(one)]


def case_tags_as_a_decorator() -> Any:
    @tags("deco")
    def body() -> Any:
        return sorted(prefect.context.TagsContext.get().current_tags)

    return outcome(body)


def case_tags_are_gone_after_an_exception() -> Any:
    try:
        with tags("a"):
            raise ValueError("x")
    except ValueError:
        return sorted(prefect.context.TagsContext.get().current_tags)


def case_contexts_in_a_plain_thread() -> Any:
    @flow
    def f() -> Any:
        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(FlowRunContext.get()))
        thread.start()
        thread.join()
        return seen

    return f()


def case_flow_run_count_in_retries() -> Any:
    seen: list[Any] = []

    @flow(retries=1)
    def f() -> None:
        seen.append([flow_run.run_count, FlowRunContext.get().flow_run.run_count])
        if len(seen) == 1:
            raise ValueError("once")

    f()
    return seen


def case_state_of_the_run_seen_from_inside_a_retry() -> Any:
    seen: list[Any] = []

    @task(retries=1)
    def t() -> None:
        seen.append(TaskRunContext.get().task_run.state.name)
        if len(seen) == 1:
            raise ValueError("once")

    t()
    return seen


async def case_async_contexts() -> Any:
    @task
    async def look() -> Any:
        return [flow_run.flow_name, task_run.task_name]

    @flow(name="around")
    async def f() -> Any:
        return [await look(), isinstance(get_run_context(), FlowRunContext)]

    return await f()
