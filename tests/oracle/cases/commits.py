"""Hooks over the attempts of a task, and the commit of its work."""

from typing import Any

from prefect import flow, task
from prefect.cache_policies import (
    INPUTS,
)


def case_task_hooks_all() -> Any:
    seen = []

    def h(n):
        return lambda fl, run, st: seen.append(
            [n, st.name, st.type.value, st.message, run.state.name, run.run_count]
        )

    @task(retries=1, on_running=[h("r")], on_completion=[h("c")], on_failure=[h("f")])
    def f():
        raise ValueError("v")

    f(return_state=True)
    return seen


def case_order_of_commit_and_completion() -> Any:
    seen = []

    @task(
        on_completion=[lambda t, r, s: seen.append("completion")],
        on_running=[lambda t, r, s: seen.append("running")],
    )
    def t():
        seen.append("body")
        return 1

    @t.on_commit
    def c(txn):
        seen.append("commit")

    t()
    return seen


def case_commit_on_cached() -> Any:
    seen = []

    @task(cache_policy=INPUTS)
    def t(x):
        seen.append("body")
        return 1

    @t.on_commit
    def c(txn):
        seen.append("commit")

    @flow
    def f():
        t(1)
        t(1)

    f()
    return seen


async def case_async_commit() -> Any:
    seen = []

    @task
    async def t(x):
        return x

    @t.on_commit
    async def c(txn):
        seen.append("commit")

    @t.on_commit
    def d(txn):
        seen.append("commit2")

    await t(1)
    return seen


def case_async_commit_sync_task() -> Any:
    seen = []

    @task
    def t(x):
        return x

    @t.on_commit
    async def c(txn):
        seen.append("commit")

    t(1)
    return seen


def case_commit_generator() -> Any:
    seen = []

    @task
    def t(x):
        yield x

    @t.on_commit
    def c(txn):
        seen.append("commit")

    list(t(1))
    return seen


def case_commit_retry() -> Any:
    seen = []

    @task(retries=1)
    def t():
        seen.append(1)
        if len(seen) == 1:
            raise ValueError

    @t.on_commit
    def c(txn):
        seen.append("commit")

    @t.on_rollback
    def r(txn):
        seen.append("rollback")

    t()
    return seen


def case_with_options_keeps_commit_hooks() -> Any:

    @task
    def t(): ...

    @t.on_commit
    def c(txn): ...

    @t.on_rollback
    def r(txn): ...

    u = t.with_options(name="x")
    return [len(u.on_commit_hooks), len(u.on_rollback_hooks)]
