"""What key functions, hooks, name templates and loggers are given."""

import datetime
import functools
import logging
from typing import Any

import pydantic
from prefect import flow, get_run_logger, task
from prefect.cache_policies import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    NO_CACHE,
    NONE,
    RUN_ID,
    TASK_SOURCE,
)
from prefect.context import TaskRunContext
from prefect.runtime import flow_run, task_run

from tests.oracle.harness import outcome


@task
def inc(x):
    return x + 1


def case_key_fn_sees_flow_run() -> Any:
    seen = []

    def key(ctx, params):
        seen.append(str(ctx.task_run.flow_run_id) == flow_run.id)
        return

    @task(cache_key_fn=key)
    def t(x):
        return x

    @flow
    def f():
        return [t(1)]

    return [f(), seen]


def case_key_fn_methods() -> Any:

    class A:
        @task(cache_policy=INPUTS)
        def m(self, x):
            return x

    a = A()

    @flow
    def f():
        return [a.m(1), a.m(1, return_state=True).name]

    return outcome(f)


def case_cached_state_data() -> Any:

    @task(cache_policy=INPUTS)
    def t(x):
        return [x]

    @flow
    def f():
        t(1)
        s = t(1, return_state=True)
        return [s.name, s.type.value, s.result(), s.is_completed()]

    return f()


def case_cached_submit_and_map() -> Any:
    calls = []

    @task(cache_policy=INPUTS)
    def t(x):
        calls.append(x)
        return x

    @flow
    def f():
        a = t.submit(1)
        a.wait()
        b = t.submit(1)
        b.wait()
        return [
            a.state.name,
            b.state.name,
            b.result(),
            [s.name for s in t.map([1, 2], return_state=True)],
        ]

    return [f(), calls]


def case_flow_persist_result_caches_tasks() -> Any:
    calls = []

    @task
    def t(x):
        calls.append(x)
        return x

    @flow(persist_result=True)
    def f():
        return [t(1, return_state=True).name, t(1, return_state=True).name]

    return [f(), f(), calls]


def case_cache_expiration_zero() -> Any:
    calls = []

    @task(cache_policy=INPUTS, cache_expiration=datetime.timedelta(seconds=0))
    def t(x):
        calls.append(x)
        return x

    @flow
    def f():
        return [t(1, return_state=True).name, t(1, return_state=True).name]

    return [f(), len(calls)]


def case_cache_by_model() -> Any:

    class M(pydantic.BaseModel):
        a: int

    calls = []

    @task(cache_policy=INPUTS)
    def t(x):
        calls.append(x)
        return x.a

    t(M(a=1))
    t(M(a=1))
    t(M(a=2))
    return len(calls)


def case_policy_reprs() -> Any:
    return [repr(p) for p in ()] + [
        type(INPUTS).__name__,
        type(DEFAULT).__name__,
        type(NO_CACHE).__name__,
        type(NONE).__name__,
        type(TASK_SOURCE).__name__,
        type(RUN_ID).__name__,
        type(FLOW_PARAMETERS).__name__,
    ]


def case_task_refresh_cache_attr() -> Any:

    @task(cache_policy=INPUTS, refresh_cache=True)
    def t(x):
        return x

    @flow
    def f():
        return [t(1, return_state=True).name, t(1, return_state=True).name]

    return f()


def case_cache_with_options() -> Any:
    calls = []

    @task(cache_policy=INPUTS)
    def t(x):
        calls.append(x)
        return x

    t(1)
    t.with_options(cache_policy=NO_CACHE)(1)
    t.with_options(refresh_cache=True)(1)
    t.with_options(name="other")(1)
    return len(calls)


def case_result_storage_key_template() -> Any:
    calls = []

    @task(result_storage_key="rk-{parameters[x]}-{flow_run.flow_name}", persist_result=True)
    def t(x):
        calls.append(x)
        return x

    @flow
    def myf():
        return [
            t(1, return_state=True).name,
            t(1, return_state=True).name,
            t(2, return_state=True).name,
        ]

    return [myf(), calls]


def case_hook_state_result() -> Any:
    seen = []

    def h(fl, run, state):
        seen.append(outcome(lambda: state.result()))

    def hf(fl, run, state):
        seen.append(outcome(lambda: state.result(raise_on_failure=False)))

    @flow(on_completion=[h], on_failure=[hf], on_running=[])
    def f(x):
        if x:
            raise ValueError("v")
        return 5

    f(0)
    f(1, return_state=True)
    return seen


def case_task_hook_state_result() -> Any:
    seen = []

    def h(t, run, state):
        seen.append(
            [
                outcome(lambda: state.result(raise_on_failure=False)),
                run.name[:2],
                run.task_key[:2],
                run.run_count,
                run.flow_run_id is None,
                run.state.name,
            ]
        )

    @task(on_completion=[h], on_failure=[h])
    def tt(x):
        if x:
            raise ValueError("v")
        return 5

    tt(0)
    tt(1, return_state=True)
    return seen


def case_task_hook_context() -> Any:
    seen = []

    def h(fl, run, state):
        seen.append([task_run.name, task_run.task_name, TaskRunContext.get() is not None])

    @task(on_completion=[h], on_running=[h], on_failure=[h], task_run_name="n")
    def t(x):
        if x:
            raise ValueError

    t(0)
    t(1, return_state=True)
    return seen


def case_hook_logger() -> Any:
    seen = []

    def h(fl, run, state):
        seen.append(get_run_logger().name)

    @flow(on_completion=[h])
    def f(): ...

    f()
    return seen


def case_hook_calls_task() -> Any:
    seen = []

    def h(fl, run, state):
        seen.append(outcome(lambda: inc(1)))

    @flow(on_completion=[h])
    def f():
        return 3

    return [f(), seen]


def case_hook_with_partial_kwargs() -> Any:
    seen = []

    def h(fl, run, state, **kw):
        seen.append(kw)

    @flow(on_completion=[functools.partial(h, channel="#x")])
    def f():
        return 3

    return [f(), seen]


def case_run_names_with_date() -> Any:

    @flow(flow_run_name="{day:%Y-%m-%d}-{x!r}")
    def f(day: datetime.date, x):
        return flow_run.name

    return f("2024-03-01", "q")


def case_task_run_name_format() -> Any:

    @task(task_run_name="{x:03d}-{d[a]}-{o.y}")
    def t(x, d, o):
        return task_run.name

    class Owner:
        y = 3

    return t(5, {"a": 1}, Owner())


def case_task_run_name_flow_runtime() -> Any:

    @task(task_run_name=lambda: f"{flow_run.flow_name}-{task_run.task_name}-{task_run.parameters}")
    def t(x):
        return task_run.name

    @flow
    def ff():
        return t(1)

    return ff()


def case_task_run_name_map() -> Any:

    @task(task_run_name="n-{x}")
    def t(x):
        return task_run.name

    @flow
    def ff():
        return t.map([1, 2]).result()

    return ff()


def case_task_run_name_submitted_with_future() -> Any:

    @task(task_run_name="n-{x}")
    def t(x):
        return task_run.name

    @flow
    def ff():
        return t.submit(inc.submit(1)).result()

    return ff()


def case_task_run_name_missing_default() -> Any:

    @task(task_run_name="n-{x}-{y}")
    def t(x, y=9):
        return task_run.name

    return t(1)


def case_flow_name_unicode() -> Any:

    @flow(name="数据 流程 🚀")
    def f():
        return [flow_run.flow_name]

    return f()


def case_flow_name_from_unicode_fn() -> Any:

    @flow
    def 处理_数据():  # noqa: N802
        return flow_run.flow_name

    return 处理_数据()


def case_task_attrs() -> Any:
    return [
        inc.name,
        inc.task_key.split("-")[0],
        inc.isasync,
        inc.isgenerator,
        inc.tags,
        inc.version,
        inc.__name__,
        inc.__wrapped__ is inc.fn if hasattr(inc, "__wrapped__") else None,
        callable(inc),
    ]


def case_task_log_adapter_extra() -> Any:

    @task(name="lt", task_run_name="rn")
    def t():
        logger = get_run_logger()
        return [
            sorted(logger.extra),
            logger.extra["task_name"],
            logger.extra["task_run_name"],
            type(logger.extra["task_run_id"]).__name__,
            type(logger.extra["flow_run_id"]).__name__,
            logger.extra["flow_name"],
            logger.extra["flow_run_name"],
        ]

    @flow(name="lf", flow_run_name="fr")
    def f():
        return t()

    return [f(), t()]


def case_run_logger_kwargs() -> Any:

    @flow
    def f():
        logger = get_run_logger(foo="bar")
        return [
            logger.extra.get("foo"),
            logger.getChild("x").extra.get("foo") if hasattr(logger, "getChild") else None,
            logger.logger.name,
            logger.isEnabledFor(logging.DEBUG) in (True, False),
        ]

    return f()


def case_logger_methods() -> Any:

    @flow
    def f():
        logger = get_run_logger()
        return [
            hasattr(logger, m)
            for m in (
                "debug",
                "info",
                "warning",
                "warn",
                "error",
                "critical",
                "exception",
                "log",
                "setLevel",
                "getChild",
                "getEffectiveLevel",
                "hasHandlers",
                "name",
                "process",
            )
        ]

    return f()
