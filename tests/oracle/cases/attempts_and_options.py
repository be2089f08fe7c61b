"""Retries, timeouts, options and what states and runs know."""

import threading
from typing import Any

from prefect import flow, tags, task
from prefect.exceptions import (
    Abort,
    FlowPauseTimeout,
    MissingResult,
    PrefectException,
    UpstreamTaskError,
)
from prefect.futures import PrefectFutureList
from prefect.runtime import flow_run, task_run
from prefect.states import Failed, StateType

from tests.oracle.harness import error_kind, outcome, state_facts


@task
def inc(x):
    return x + 1


@task
def bad(m="bad"):
    raise ValueError(m)


def case_retry_delay_list_states() -> Any:
    seen = []

    @task(
        retries=2,
        retry_delay_seconds=[0.01, 0.02],
        on_running=[lambda t, r, s: seen.append([s.name, r.run_count])],
    )
    def t():
        raise ValueError("x")

    s = t(return_state=True)
    return [seen, s.message]


def case_retries_with_condition_by_exc() -> Any:

    def cond(t, r, s):
        try:
            s.result()
        except ValueError:
            return False
        except Exception:  # noqa: BLE001 - whatever else it was
            return True

    n = []

    @task(retries=3, retry_condition_fn=cond)
    def t():
        n.append(1)
        raise (KeyError if len(n) < 2 else ValueError)("x")

    s = t(return_state=True)
    return [len(n), s.message]


def case_retry_condition_state_facts() -> Any:
    seen = []

    def cond(t, r, s):
        seen.append([s.name, s.is_failed(), r.run_count, r.state.name, type(s.data).__name__])
        return False

    @task(retries=3, retry_condition_fn=cond)
    def t():
        raise ValueError("x")

    t(return_state=True)
    return seen


def case_task_run_count_in_flow_retry() -> Any:
    seen = []

    @task
    def t():
        seen.append(task_run.run_count)

    @flow(retries=1)
    def f():
        t()
        if flow_run.run_count == 1:
            raise ValueError

    f()
    return seen


def case_flow_retry_delay_zero() -> Any:
    n = []

    @flow(retries=2, retry_delay_seconds=0)
    def f():
        n.append(1)
        raise ValueError(len(n))

    s = f(return_state=True)
    return [len(n), s.message]


def case_child_flow_retries() -> Any:
    n = []

    @flow(retries=1)
    def c():
        n.append(1)
        if len(n) < 2:
            raise ValueError
        return "ok"

    @flow
    def f():
        return c()

    return [f(), len(n)]


def case_task_raises_in_map_and_retry() -> Any:
    n = []

    @task(retries=1)
    def t(x):
        n.append(x)
        if n.count(x) < 2:
            raise ValueError
        return x

    @flow
    def f():
        return t.map([1, 2]).result()

    return [f(), sorted(n)]


def case_with_options_chain() -> Any:
    t = (
        inc.with_options(
            retries=2,
            tags=["a"],
            name="n",
            timeout_seconds=3,
            task_run_name="x",
            log_prints=True,
            persist_result=True,
            result_storage_key="k",
            refresh_cache=True,
            retry_delay_seconds=1,
            description="d",
            version=None,
        )
        if False
        else inc.with_options(
            retries=2,
            tags=["a"],
            name="n",
            timeout_seconds=3,
            task_run_name="x",
            log_prints=True,
            persist_result=True,
            result_storage_key="k",
            refresh_cache=True,
            retry_delay_seconds=1,
            description="d",
        )
    )
    return [
        t.retries,
        t.tags,
        t.name,
        t.timeout_seconds,
        t.task_run_name,
        t.log_prints,
        t.persist_result,
        t.result_storage_key,
        t.refresh_cache,
        t.retry_delay_seconds,
        t.description,
        inc.retries,
        t.fn is inc.fn,
        t.task_key == inc.task_key,
    ]


def case_flow_with_options_chain() -> Any:

    @flow
    def f(x):
        return x

    g = f.with_options(
        name="g",
        version="2",
        retries=1,
        retry_delay_seconds=2,
        description="d",
        flow_run_name="r",
        timeout_seconds=4,
        validate_parameters=False,
        log_prints=True,
        persist_result=True,
    )
    return [
        g.name,
        g.version,
        g.retries,
        g.retry_delay_seconds,
        g.description,
        g.flow_run_name,
        g.timeout_seconds,
        g.should_validate_parameters,
        g.log_prints,
        g.persist_result,
        f.name,
    ]


def case_tags_nested_tasks() -> Any:

    @task(tags=["own"])
    def t():
        return sorted(task_run.tags)

    @flow
    def f():
        with tags("in"):
            a = t()
            b = t.submit().result()
        return [a, b, t(), sorted(flow_run.tags)]

    with tags("out"):
        return f()


def case_tags_on_map() -> Any:

    @task(tags=["own"])
    def t(x):
        return sorted(task_run.tags)

    @flow
    def f():
        with tags("in"):
            return t.map([1]).result()

    return f()


def case_task_in_thread_outside() -> Any:
    out = []
    th = threading.Thread(target=lambda: out.append(inc(1)))
    th.start()
    th.join()
    return out


def case_flow_in_task_submit() -> Any:

    @flow
    def c(x):
        return x + 1

    @task
    def t(x):
        return c(x)

    @flow
    def f():
        return [t.submit(1).result(), t.map([1, 2]).result()]

    return f()


def case_submit_flow_has_no_submit() -> Any:

    @flow
    def c(x):
        return x + 1

    return [hasattr(c, "submit"), hasattr(c, "map")]


def case_flow_attrs() -> Any:

    @flow
    def my_flow(a, b=2):
        """Doc."""

    return [
        my_flow.name,
        my_flow.description,
        my_flow.__name__,
        my_flow.__doc__,
        my_flow.isasync,
        my_flow.task_runner.name if hasattr(my_flow.task_runner, "name") else None,
        my_flow.retries,
        my_flow.flow_run_name,
        my_flow.log_prints,
        my_flow.persist_result,
        my_flow.timeout_seconds,
    ]


def case_result_storage_path_attr() -> Any:

    @task(result_storage_key="a", persist_result=False)
    def t():
        return 1

    return outcome(t)


def case_task_value_error_options() -> Any:
    return [
        error_kind(lambda: task(retry_jitter_factor=-1)(lambda: 1)),
        error_kind(lambda: task(retries=1, retry_delay_seconds=[1] * 60)(lambda: 1)),
        error_kind(lambda: task(retries=-1)(lambda: 1)),
    ]


def case_raise_in_flow_catches_task_error() -> Any:

    @flow
    def f():
        try:
            bad()
        except ValueError as e:
            return str(e)

    s = f(return_state=True)
    return [state_facts(s), s.result()]


def case_sub_failure_continue() -> Any:

    @flow
    def f():
        a = bad.submit()
        b = inc.submit(1)
        return [outcome(a.result), b.result()]

    s = f(return_state=True)
    return [state_facts(s)]


def case_failed_future_in_returned_list() -> Any:

    @flow
    def f():
        return [bad.submit(), inc.submit(1)]

    r = f()
    return [[x.name for x in r], [type(x).__name__ for x in r]]


def case_future_raise_on_failure_false_types() -> Any:

    @flow
    def f():
        return [type(bad.submit().result(raise_on_failure=False)).__name__]

    return f()


def case_not_ready_future_result_raise_false() -> Any:

    @flow
    def f():
        b = bad.submit()
        n = inc.submit(b)
        n.wait()
        return [n.state.name, outcome(lambda: n.result(raise_on_failure=False))]

    return f()


def case_return_none_states() -> Any:

    @flow
    def f():
        return None

    s = f(return_state=True)
    return [state_facts(s), s.result(), s.data is None or True]


def case_state_data_result_types() -> Any:
    s = inc(1, return_state=True)
    return [s.result(), s.is_completed(), s.type == StateType.COMPLETED, s.type.value]


def case_flow_state_ids() -> Any:

    @flow
    def f():
        return flow_run.id

    s = f(return_state=True)
    return [str(s.state_details.flow_run_id) == s.result(), s.state_details.task_run_id]


def case_child_flow_state_ids() -> Any:

    @flow
    def c():
        return flow_run.id

    @flow
    def f():
        s = c(return_state=True)
        return [str(s.state_details.flow_run_id) == s.result()]

    return f()


def case_task_state_ids() -> Any:

    @task
    def t():
        return [task_run.id, flow_run.id]

    @flow
    def f():
        s = t(return_state=True)
        a, b = s.result()
        return [str(s.state_details.task_run_id) == a, str(s.state_details.flow_run_id) == b]

    return f()


def case_exceptions_hier() -> Any:
    return [
        issubclass(UpstreamTaskError, PrefectException),
        issubclass(Abort, BaseException),
        issubclass(MissingResult, PrefectException),
        issubclass(FlowPauseTimeout, PrefectException),
    ]


def case_done_callback_order_and_exception() -> Any:
    seen = []

    @flow
    def f():
        a = inc.submit(1)
        a.add_done_callback(lambda x: seen.append(1))
        a.add_done_callback(lambda x: 1 / 0)
        a.add_done_callback(lambda x: seen.append(2))
        a.wait()
        return a.result()

    return [outcome(f), seen]


def case_future_list_methods() -> Any:

    @flow
    def f():
        futures = inc.map([1, 2, 3])
        again = PrefectFutureList(futures)
        return [
            again.result(),
            again.wait(),
            len(again),
            again.index(futures[1]),
            futures[1] in again,
        ]

    return f()


def case_empty_future_list_new() -> Any:
    return [PrefectFutureList([]).result(), PrefectFutureList().result()]


def case_print_state() -> Any:
    s = Failed(message="a b", data=ValueError("x"))
    return [str(s), repr(s)[:200]]
