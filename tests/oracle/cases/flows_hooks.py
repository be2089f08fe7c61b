"""Hooks of flows and tasks: when they run, in which order and with what."""

import functools
from typing import Any

from prefect import flow, task
from prefect.states import Cancelled, Completed, Crashed, Failed

from tests.oracle.harness import aoutcome, outcome, state_facts


class Notes:
    """Collects what hooks were told."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def hook(self, label: str) -> Any:
        def note(obj: Any, run: Any, state: Any) -> None:
            self.seen.append([label, state.name])

        note.__name__ = f"note_{label}"
        return note

    def all(self) -> dict[str, Any]:
        names = ("on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running")
        return {name: [self.hook(name)] for name in names}


def case_hooks_of_a_completed_flow() -> Any:
    notes = Notes()
    flow(lambda: 1, name="f", **notes.all())()
    return notes.seen


def case_hooks_of_a_failed_flow() -> Any:
    notes = Notes()

    @flow(**notes.all())
    def fails() -> None:
        raise ValueError("x")

    fails(return_state=True)
    return notes.seen


def case_hooks_of_a_flow_returning_crashed_and_cancelled_states() -> Any:
    notes = Notes()
    flow(lambda: Crashed(), name="c", **notes.all())(return_state=True)
    flow(lambda: Cancelled(), name="d", **notes.all())(return_state=True)
    return notes.seen


def case_hooks_of_a_flow_returning_a_failed_state() -> Any:
    notes = Notes()
    flow(lambda: Failed(), name="f", **notes.all())(return_state=True)
    return notes.seen


def case_hooks_of_a_flow_with_a_named_completed_state() -> Any:
    notes = Notes()
    flow(lambda: Completed(name="Skipped"), name="f", **notes.all())(return_state=True)
    return notes.seen


def case_hooks_run_in_the_order_given() -> Any:
    notes = Notes()

    @flow(on_completion=[notes.hook("one"), notes.hook("two")])
    def f() -> None: ...

    f.on_completion(notes.hook("three"))
    f()
    return [label for label, _ in notes.seen]


def case_what_a_flow_hook_receives() -> Any:
    seen: list[Any] = []

    def look(flow_: Any, run: Any, state: Any) -> None:
        seen.append(
            [
                flow_ is f,
                type(run).__name__,
                run.name,
                type(state).__name__,
                state.result(),
                run.state.name,
            ]
        )

    @flow(on_completion=[look], flow_run_name="the-run")
    def f() -> int:
        return 5

    f()
    return seen


def case_a_failure_hook_can_read_the_exception() -> Any:
    seen: list[Any] = []

    @flow
    def f() -> None:
        raise ValueError("the cause")

    @f.on_failure
    def look(flow_: Any, run: Any, state: Any) -> None:
        seen.append([state.message, outcome(state.result)])

    f(return_state=True)
    return seen


def case_hook_decorators_return_the_function() -> Any:
    @flow
    def f() -> None: ...

    def note(a: Any, b: Any, c: Any) -> None: ...

    return [
        f.on_completion(note) is note,
        f.on_failure(note) is note,
        f.on_cancellation(note) is note,
        f.on_crashed(note) is note,
        f.on_running(note) is note,
        len(f.on_completion_hooks),
    ]


def case_an_exception_in_a_hook_does_not_change_the_run() -> Any:
    notes = Notes()

    def breaks(a: Any, b: Any, c: Any) -> None:
        raise RuntimeError("hook broke")

    @flow(on_completion=[breaks, notes.hook("after")])
    def f() -> int:
        return 3

    state = f(return_state=True)
    return [state_facts(state), state.result(), notes.seen]


def case_an_exception_in_a_running_hook() -> Any:
    def breaks(a: Any, b: Any, c: Any) -> None:
        raise RuntimeError("hook broke")

    @flow(on_running=[breaks])
    def f() -> int:
        return 3

    return f()


def case_an_async_hook_of_a_sync_flow() -> Any:
    seen: list[str] = []

    async def note(a: Any, b: Any, state: Any) -> None:
        seen.append(state.name)

    @flow(on_completion=[note])
    def f() -> None: ...

    f()
    return seen


async def case_sync_and_async_hooks_of_an_async_flow() -> Any:
    notes = Notes()

    async def note(a: Any, b: Any, state: Any) -> None:
        notes.seen.append(["async", state.name])

    @flow(on_completion=[notes.hook("sync"), note], on_running=[note])
    async def f() -> None: ...

    await f()
    return notes.seen


def case_hooks_and_retries_of_a_flow() -> Any:
    notes = Notes()
    calls: list[int] = []

    @flow(retries=1, **notes.all())
    def flaky() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("once")

    flaky()
    return notes.seen


def case_hooks_and_exhausted_retries_of_a_flow() -> Any:
    notes = Notes()

    @flow(retries=1, **notes.all())
    def flaky() -> None:
        raise ValueError("always")

    flaky(return_state=True)
    return notes.seen


def case_hooks_on_invalid_parameters() -> Any:
    notes = Notes()

    @flow(**notes.all())
    def f(x: int) -> None: ...

    f("x", return_state=True)
    return notes.seen


def case_hooks_of_nested_flows() -> Any:
    notes = Notes()

    @flow(on_completion=[notes.hook("child")], on_running=[notes.hook("child starts")])
    def child() -> None: ...

    @flow(on_completion=[notes.hook("parent")], on_running=[notes.hook("parent starts")])
    def parent() -> None:
        child()

    parent()
    return notes.seen


def case_hooks_run_before_the_call_returns() -> Any:
    order: list[str] = []

    @flow(on_completion=[lambda f, r, s: order.append("hook")])
    def f() -> None:
        order.append("body")

    f()
    order.append("returned")
    return order


def case_a_hook_that_is_a_callable_object_or_partial() -> Any:

    seen: list[str] = []

    class Note:
        def __call__(self, f: Any, r: Any, s: Any) -> None:
            seen.append("object")

    def note(f: Any, r: Any, s: Any, label: str) -> None:
        seen.append(label)

    @flow(on_completion=[functools.partial(note, label="partial")])
    def with_partial() -> None: ...

    with_partial()
    made = outcome(lambda: flow(lambda: 1, name="o", on_completion=[Note()])())
    return [seen, made]


def case_hooks_of_a_completed_task() -> Any:
    notes = Notes()

    @task(
        on_completion=[notes.hook("done")],
        on_failure=[notes.hook("failed")],
        on_running=[notes.hook("running")],
    )
    def t() -> int:
        return 1

    t()
    return notes.seen


def case_hooks_of_a_failed_task() -> Any:
    notes = Notes()

    @task(
        on_completion=[notes.hook("done")],
        on_failure=[notes.hook("failed")],
        on_running=[notes.hook("running")],
    )
    def t() -> int:
        raise ValueError("x")

    t(return_state=True)
    return notes.seen


def case_what_a_task_hook_receives() -> Any:
    seen: list[Any] = []

    def look(task_: Any, run: Any, state: Any) -> None:
        seen.append([task_ is t, type(run).__name__, run.name, state.name, state.result()])

    @task(on_completion=[look], task_run_name="the-run")
    def t() -> int:
        return 5

    t()
    return seen


def case_hooks_and_retries_of_a_task() -> Any:
    notes = Notes()
    calls: list[int] = []

    @task(
        retries=2,
        on_completion=[notes.hook("done")],
        on_failure=[notes.hook("failed")],
        on_running=[notes.hook("running")],
    )
    def flaky() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")

    flaky()
    return notes.seen


def case_hooks_and_delayed_retries_of_a_task() -> Any:
    notes = Notes()

    @task(
        retries=1,
        retry_delay_seconds=0.05,
        on_failure=[notes.hook("failed")],
        on_running=[notes.hook("running")],
    )
    def flaky() -> None:
        raise ValueError("always")

    flaky(return_state=True)
    return notes.seen


def case_task_hook_decorators() -> Any:
    seen: list[str] = []

    @task
    def t() -> None: ...

    @t.on_completion
    def note(task_: Any, run: Any, state: Any) -> None:
        seen.append(state.name)

    t()
    return [seen, callable(note)]


def case_an_exception_in_a_task_hook_does_not_change_the_run() -> Any:
    def breaks(a: Any, b: Any, c: Any) -> None:
        raise RuntimeError("hook broke")

    @task(on_completion=[breaks])
    def t() -> int:
        return 3

    return [t(), state_facts(t(return_state=True))]


def case_hooks_of_submitted_tasks_run_once_each() -> Any:
    seen: list[str] = []

    @task(on_completion=[lambda t, r, s: seen.append(s.name)])
    def t(x: int) -> int:
        return x

    @flow
    def f() -> None:
        t.map([1, 2, 3]).wait()

    f()
    return seen


async def case_async_hooks_of_async_tasks() -> Any:
    seen: list[str] = []

    async def note(a: Any, b: Any, state: Any) -> None:
        seen.append(state.name)

    @task(on_completion=[note], on_failure=[note])
    async def t(fail: bool) -> None:
        if fail:
            raise ValueError("x")

    await t(False)
    await aoutcome(t(True))
    return seen


def case_task_hooks_of_wrong_types() -> Any:
    def f() -> None: ...

    return [
        outcome(lambda: task(f, on_completion=lambda a, b, c: None))["raised"],
        outcome(lambda: task(f, on_failure=["text"]))["raised"],
    ]


def case_hooks_of_a_cached_task() -> Any:
    notes = Notes()

    @task(
        cache_key_fn=lambda context, inputs: "hooks-of-a-cached-task",
        persist_result=True,
        on_completion=[notes.hook("done")],
        on_running=[notes.hook("running")],
    )
    def t() -> int:
        return 1

    t()
    t()
    return notes.seen


def case_on_rollback_and_on_commit_are_registered() -> Any:
    @task
    def t() -> None: ...

    @t.on_rollback
    def undo(txn: Any) -> None: ...

    @t.on_commit
    def keep(txn: Any) -> None: ...

    return [len(t.on_rollback_hooks), len(t.on_commit_hooks)]


def case_on_commit_runs_after_success_and_on_rollback_after_failure() -> Any:
    seen: list[str] = []

    @task
    def good() -> None: ...

    @task
    def bad() -> None:
        raise ValueError("x")

    for one in (good, bad):
        one.on_commit(lambda txn, name=one.name: seen.append(f"commit {name}"))
        one.on_rollback(lambda txn, name=one.name: seen.append(f"rollback {name}"))
    good()
    bad(return_state=True)
    return seen
