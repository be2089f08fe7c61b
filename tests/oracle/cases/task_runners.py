"""Task runners: attributes, equality, use as a context, concurrency."""

import contextvars
import os
import threading
from typing import Any

import prefect.task_runners
from prefect import flow, tags, task
from prefect.context import FlowRunContext
from prefect.runtime import task_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from tests.oracle.harness import error_kind, outcome


@task
def inc(x: int) -> int:
    return x + 1


def case_names_of_the_module() -> Any:
    wanted = (
        "TaskRunner",
        "ThreadPoolTaskRunner",
        "ConcurrentTaskRunner",
        "ProcessPoolTaskRunner",
    )
    return [name for name in wanted if hasattr(prefect.task_runners, name)]


def case_concurrent_is_another_name_of_thread_pool() -> Any:
    return prefect.task_runners.ConcurrentTaskRunner is ThreadPoolTaskRunner


def case_bases() -> Any:
    process_pool = prefect.task_runners.ProcessPoolTaskRunner
    return [issubclass(ThreadPoolTaskRunner, TaskRunner), issubclass(process_pool, TaskRunner)]


def case_name_attributes() -> Any:
    return [ThreadPoolTaskRunner().name, prefect.task_runners.ProcessPoolTaskRunner().name]


def case_max_workers() -> Any:
    return [
        ThreadPoolTaskRunner(max_workers=3)._max_workers,
        prefect.task_runners.ProcessPoolTaskRunner(max_workers=2)._max_workers,
    ]


def case_max_workers_by_position_and_unknown_options() -> Any:
    return [
        outcome(lambda: ThreadPoolTaskRunner(4)._max_workers),
        error_kind(lambda: ThreadPoolTaskRunner(colour=1)),
    ]


def case_equality() -> Any:
    return [
        ThreadPoolTaskRunner(max_workers=2) == ThreadPoolTaskRunner(max_workers=2),
        ThreadPoolTaskRunner(max_workers=2) == ThreadPoolTaskRunner(max_workers=3),
        ThreadPoolTaskRunner() == prefect.task_runners.ProcessPoolTaskRunner(),
        ThreadPoolTaskRunner() == "ThreadPoolTaskRunner",
    ]


def case_duplicate() -> Any:
    runner = ThreadPoolTaskRunner(max_workers=2)
    copy = runner.duplicate()
    return [copy is runner, copy == runner, copy._max_workers]


def case_the_context_returns_the_runner() -> Any:
    runner = ThreadPoolTaskRunner(max_workers=1)
    with runner as entered:
        return entered is runner


def case_submit_needs_the_context() -> Any:
    return error_kind(lambda: ThreadPoolTaskRunner().submit(inc, {"x": 1}))


def case_submit_in_the_context() -> Any:
    with ThreadPoolTaskRunner(max_workers=1) as runner:
        return runner.submit(inc, {"x": 1}).result()


def case_map_in_the_context() -> Any:
    with ThreadPoolTaskRunner(max_workers=2) as runner:
        return runner.map(inc, {"x": [1, 2, 3]}).result()


def case_entering_twice() -> Any:
    runner = ThreadPoolTaskRunner(max_workers=1)

    def twice() -> None:
        with runner, runner:
            pass

    return error_kind(twice)


def case_a_runner_used_again_after_its_context() -> Any:
    runner = ThreadPoolTaskRunner(max_workers=1)
    values = []
    for x in range(2):
        with runner:
            values.append(runner.submit(inc, {"x": x}).result())
    return values


def case_one_worker_runs_one_task_at_a_time() -> Any:
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    @task
    def count() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        with lock:
            running.pop()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def f() -> None:
        for _ in range(5):
            count.submit()

    f()
    return max(most)


def case_two_workers_run_two_tasks_at_a_time() -> Any:
    barrier = threading.Barrier(2, timeout=10)

    @task
    def meet() -> bool:
        barrier.wait()
        return True

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def f() -> Any:
        return [future.result() for future in [meet.submit() for _ in range(4)]]

    return f()


def case_submission_order_with_one_worker() -> Any:
    order: list[int] = []

    @task
    def note(x: int) -> None:
        order.append(x)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def f() -> None:
        for i in range(6):
            note.submit(i)

    f()
    return order


def case_a_runner_shared_by_two_flows() -> Any:
    runner = ThreadPoolTaskRunner(max_workers=2)

    @flow(task_runner=runner)
    def child() -> Any:
        return inc.submit(1).result()

    @flow(task_runner=runner)
    def parent() -> Any:
        return [inc.submit(5).result(), child()]

    return parent()


def case_the_runner_of_a_flow_run_is_a_copy() -> Any:

    runner = ThreadPoolTaskRunner(max_workers=2)

    @flow(task_runner=runner)
    def f() -> Any:
        context = FlowRunContext.get()
        return [context.task_runner is runner, context.task_runner == runner]

    return f()


def case_a_flow_with_the_default_runner_each_time() -> Any:
    @flow
    def one() -> None: ...

    @flow
    def two() -> None: ...

    return [one.task_runner is two.task_runner, one.task_runner == two.task_runner]


def case_context_variables_reach_the_workers() -> Any:

    marker: contextvars.ContextVar[str] = contextvars.ContextVar("marker", default="unset")

    @task
    def look() -> str:
        return marker.get()

    @flow
    def f() -> Any:
        marker.set("set in flow")
        return look.submit().result()

    return f()


def case_tags_reach_the_workers() -> Any:

    @task
    def look() -> Any:
        return sorted(task_run.tags)

    @flow
    def f() -> Any:
        with tags("t"):
            future = look.submit()
        return future.result()

    return f()


def case_a_task_runner_of_a_wrong_type() -> Any:
    return outcome(lambda: flow(lambda: 1, name="f", task_runner="threads")())["raised"]


def case_a_task_runner_class_is_made_an_instance() -> Any:
    @flow(task_runner=ThreadPoolTaskRunner)
    def f() -> Any:
        return inc.submit(1).result()

    return [isinstance(f.task_runner, ThreadPoolTaskRunner), f()]


def case_process_pool_attributes() -> Any:
    runner = prefect.task_runners.ProcessPoolTaskRunner(max_workers=2)
    return [runner.duplicate() == runner, runner.duplicate()._max_workers]


def case_a_process_pool_flow() -> Any:

    @task
    def where(x: int) -> Any:
        return [x, os.getpid()]

    @flow(task_runner=prefect.task_runners.ProcessPoolTaskRunner(max_workers=1))
    def f() -> Any:
        x, pid = where.submit(7).result()
        return [x, pid == os.getpid()]

    return f()
