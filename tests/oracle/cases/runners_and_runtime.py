"""Task runners used by hand, shapes of task graphs, what a run knows of itself."""

import threading
from typing import Any

from prefect import flow, tags, task, unmapped
from prefect.context import FlowRunContext, TaskRunContext
from prefect.futures import as_completed, resolve_futures_to_states, wait
from prefect.runtime import flow_run, task_run
from prefect.task_runners import ThreadPoolTaskRunner

from tests.oracle.harness import outcome


@task
def inc(x):
    return x + 1


@task
def bad(m="bad"):
    raise ValueError(m)


@task
def ident(x):
    return x


def case_runner_submit_direct() -> Any:
    with ThreadPoolTaskRunner(max_workers=2) as r:
        f = r.submit(inc, {"x": 1})
        m = r.map(inc, {"x": [1, 2]})
        return [f.result(), m.result(), type(r).__name__, r.name]


def case_runner_submit_wait_for() -> Any:
    with ThreadPoolTaskRunner() as r:
        a = r.submit(bad, {})
        b = r.submit(inc, {"x": 1}, wait_for=[a])
        b.wait()
        return b.state.name


def case_runner_submit_future_param() -> Any:
    with ThreadPoolTaskRunner() as r:
        a = r.submit(inc, {"x": 1})
        b = r.submit(inc, {"x": a})
        return b.result()


def case_runner_map_unmapped() -> Any:

    @task
    def add(x, y):
        return x + y

    with ThreadPoolTaskRunner() as r:
        return r.map(add, {"x": [1, 2], "y": unmapped(3)}).result()


def case_runner_map_errors() -> Any:
    with ThreadPoolTaskRunner() as r:
        return [
            outcome(lambda: r.map(inc, {"x": 1}))["raised"],
            outcome(lambda: r.map(inc, {"x": [1], "y": [1, 2]}))["raised"],
        ]


def case_custom_task_runner() -> Any:

    class My(ThreadPoolTaskRunner):
        def submit(self, task, parameters, wait_for=None, dependencies=None):
            seen.append(task.name)
            return super().submit(task, parameters, wait_for, dependencies)

    seen = []

    @flow(task_runner=My(max_workers=1))
    def f():
        return [inc.submit(1).result(), inc.map([1, 2]).result()]

    return [f(), seen]


def case_task_runner_in_flow_ctx() -> Any:

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def f():
        c = FlowRunContext.get().task_runner
        return [type(c).__name__, c._max_workers]

    return f()


def case_nested_submits_pool_one() -> Any:

    @task
    def child(x):
        return x + 1

    @task
    def parent(x):
        return child.submit(x).result()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=4))
    def f():
        return parent.map([1, 2]).result()

    return f()


def case_submit_many_chain() -> Any:

    @flow
    def f():
        x = inc.submit(0)
        for _ in range(20):
            x = inc.submit(x)
        return x.result()

    return f()


def case_diamond() -> Any:

    @task
    def add(a, b):
        return a + b

    @flow
    def f():
        a = inc.submit(1)
        b = inc.submit(a)
        c = inc.submit(a)
        return add.submit(b, c).result()

    return f()


def case_fanin_dict() -> Any:

    @task
    def tot(d):
        return sum(d.values())

    @flow
    def f():
        return tot.submit({k: inc.submit(i) for i, k in enumerate("abc")}).result()

    return f()


def case_as_completed_mixed_fail() -> Any:

    @flow
    def f():
        ended = as_completed([inc.submit(1), bad.submit()])
        return sorted(x.state.name for x in ended)

    return f()


def case_wait_on_list_from_map() -> Any:

    @flow
    def f():
        d = wait(inc.map(range(3)))
        return [len(d.done), len(d.not_done), isinstance(d, tuple), d._fields]

    return f()


def case_resolve_futures_fn() -> Any:

    @flow
    def f():
        return resolve_futures_to_states([inc.submit(1)])[0].name

    return f()


def case_flow_call_kwargs_names() -> Any:

    @flow
    def f(return_stat=1, waitfor=2):
        return [return_stat, waitfor]

    return f(return_stat=3)


def case_task_param_names_special() -> Any:

    @task
    def t(name, parameters, task, fn, self_, kwargs, args, timeout):
        return [name, parameters, task, fn, self_, kwargs, args, timeout]

    return t(1, 2, 3, 4, 5, 6, 7, 8)


def case_flow_param_names_special() -> Any:

    @flow
    def t(name, parameters, version, fn, kwargs, args, timeout, dict, model_config_, fields):
        return [name, parameters, version, fn, kwargs, args, timeout, dict, model_config_, fields]

    return outcome(lambda: t(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))


def case_deep_recursion_flow() -> Any:

    @flow
    def fib(n: int):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    return fib(4)


def case_task_recursion() -> Any:

    @task
    def fact(n):
        return 1 if n < 2 else n * fact(n - 1)

    return fact(5)


def case_mutual() -> Any:

    @flow
    def a(n):
        return b(n - 1) if n else "end"

    @flow
    def b(n):
        return a(n - 1) if n else "endb"

    return a(3)


def case_big_args() -> Any:
    return len(ident(list(range(100000))))


def case_flow_returns_task_object() -> Any:

    @flow
    def f():
        return inc

    return type(f()).__name__


def case_flow_returns_class_instance() -> Any:

    class A:
        def __eq__(self, o):
            raise ValueError("eq")

    a = A()

    @flow
    def f():
        return a

    return f() is a


def case_flow_returns_lock() -> Any:
    lock = threading.Lock()

    @flow
    def f():
        return lock

    @task
    def t(x):
        return x

    @flow
    def g():
        return t(lock) is lock and t.submit(lock).result() is lock

    return [f() is lock, g()]


def case_flow_unpicklable_arg() -> Any:

    @flow
    def f(x):
        return type(x).__name__

    return f(threading.Lock())


def case_generator_arg_consumed() -> Any:

    @task
    def t(g):
        return list(g)

    @flow
    def f():
        return [t(i for i in range(3)), t.submit(i for i in range(3)).result()]

    return f()


def case_arg_mutation_visible() -> Any:

    @task
    def t(items):
        items.append(1)

    @flow
    def f():
        items = []
        t(items)
        t.submit(items).wait()
        return items

    return f()


def case_falsy_results() -> Any:
    return [ident(0), ident(""), ident([]), ident(False), ident(None)]


def case_exception_result_arg() -> Any:
    return type(ident(ValueError("x"))).__name__


def case_runtime_in_child_thread_task() -> Any:

    @task
    def t():
        return [flow_run.name, task_run.name is not None]

    @flow(flow_run_name="abc")
    def f():
        return t.submit().result()

    return f()


def case_runtime_tags_and_params_flow() -> Any:

    @flow
    def f(x: int, y="d"):
        return [flow_run.parameters, flow_run.tags, flow_run.get_id() == flow_run.id]

    with tags("z", "a"):
        return f("3")


def case_task_runtime_get_functions() -> Any:

    @task
    def t(x):
        return [
            task_run.get_id() == task_run.id,
            task_run.get_name() is not None,
            task_run.get_parameters(),
            task_run.get_task_name(),
            task_run.get_tags(),
            task_run.get_run_count(),
        ]

    return t(3)


def case_ctx_flow_run_fields() -> Any:

    @flow(flow_run_name="n", version="9")
    def f(x):
        r = FlowRunContext.get().flow_run
        return [
            r.name,
            r.parameters,
            r.run_count,
            r.tags,
            r.flow_version,
            r.state.name,
            r.start_time is not None,
            r.end_time is None,
            r.deployment_id,
            r.parent_task_run_id,
        ]

    return f(1)


def case_ctx_task_run_fields() -> Any:

    @task(task_run_name="n", tags=["q"])
    def t(x):
        r = TaskRunContext.get().task_run
        return [
            r.name,
            r.run_count,
            sorted(r.tags),
            r.state.name,
            r.start_time is not None,
            r.end_time is None,
            r.flow_run_id,
            r.state_type.value,
            r.state_name,
        ]

    return t(1)
