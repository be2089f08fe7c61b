"""Transactions: when hooks are called, what is written, and what a second run skips."""

from typing import Any

from prefect import flow, task
from prefect.cache_policies import INPUTS, NONE
from prefect.exceptions import ConfigurationError
from prefect.results import get_result_store
from prefect.states import Failed
from prefect.transactions import (
    AsyncTransaction,
    CommitMode,
    IsolationLevel,
    Transaction,
    atransaction,
    get_transaction,
    transaction,
)

from tests.oracle.harness import error_kind, outcome


class BoomError(Exception):
    """What the cases raise."""


def hooked(name: str, seen: list[Any], **options: Any) -> Any:
    """A task that notes its body, its commit and its rollback."""

    def body(fail: bool = False) -> str:
        seen.append(f"{name} runs")
        if fail:
            raise BoomError(name)
        return name

    one = task(body, name=name, **options)
    one.on_commit(lambda txn: seen.append(f"{name} commits"))
    one.on_rollback(lambda txn: seen.append(f"{name} rolls back"))
    return one


def ahooked(name: str, seen: list[Any], **options: Any) -> Any:
    """The same as an async task with async hooks."""

    async def body(fail: bool = False) -> str:
        seen.append(f"{name} runs")
        if fail:
            raise BoomError(name)
        return name

    one = task(body, name=name, **options)

    @one.on_commit
    async def committed(txn):
        seen.append(f"{name} commits")

    @one.on_rollback
    async def rolled_back(txn):
        seen.append(f"{name} rolls back")

    return one


def modes(txn: Any) -> list[Any]:
    """What a transaction says of itself."""
    return [txn.commit_mode.name, txn.isolation_level.name, txn.state.name]


def case_names() -> Any:
    return [
        [each.name for each in CommitMode],
        [each.name for each in IsolationLevel],
        CommitMode("LAZY").value,
        IsolationLevel("SERIALIZABLE").value,
        CommitMode.EAGER == "EAGER",
        isinstance(IsolationLevel.SERIALIZABLE, str),
    ]


def case_states_of_a_transaction() -> Any:
    seen = []
    before = Transaction()
    seen.append([before.is_pending(), before.is_active(), before.state.value])
    with transaction() as txn:
        seen.append([txn.is_active(), *modes(txn)])
        txn.stage("x")
        seen.append([txn.is_staged(), txn.is_committed(), txn.state.value])
    seen.append([txn.is_committed(), txn.is_rolled_back(), txn.state.value])
    return seen


def case_hooks_wait_for_the_end_of_the_block() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction() as txn:
            a()
            b()
            seen.append(["before the end", len(txn.children), txn.state.name])
        seen.append(["after", txn.state.name])

    f()
    return seen


def case_a_failing_block_rolls_back_in_reverse() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction():
            a()
            b()
            raise BoomError("block")

    state = f(return_state=True)
    return [seen, state.name, outcome(state.result)]


def case_a_failing_task_rolls_back_what_is_done() -> Any:
    seen = []
    a, b, c = hooked("a", seen), hooked("b", seen), hooked("c", seen)

    @flow
    def f():
        with transaction():
            a()
            b()
            c(fail=True)

    state = f(return_state=True)
    return [seen, state.name]


def case_a_caught_failure_rolls_back_all_the_same() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction() as txn:
            a()
            try:
                b(fail=True)
            except BoomError:
                seen.append("caught")
            seen.append(txn.state.name)
        seen.append(txn.state.name)

    f()
    return seen


def case_a_failed_state_rolls_back() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction() as txn:
            a()
            b(fail=True, return_state=True)
            seen.append(txn.state.name)
        return 1

    f()
    return seen


def case_submitted_tasks() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction():
            a.submit().result()
            b.submit().result()
            seen.append("end of block")

    f()
    return seen


def case_a_failing_submitted_task() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction():
            a.submit().result()
            b.submit(fail=True).result()

    f(return_state=True)
    return seen


def case_a_task_alone_commits_at_its_end() -> Any:
    seen = []
    a = hooked("a", seen)
    a()
    seen.append("next")
    a(fail=True, return_state=True)
    return seen


def case_nested_blocks_commit_with_the_outermost() -> Any:
    seen = []
    a, b, c = hooked("a", seen), hooked("b", seen), hooked("c", seen)

    @flow
    def f():
        with transaction() as outer:
            a()
            with transaction() as inner:
                b()
            seen.append(["inner ended", inner.state.name])
            c()
        seen.append([outer.state.name, inner.state.name])

    f()
    return seen


def case_nested_blocks_roll_back_with_the_outermost() -> Any:
    seen = []
    a, b, c = hooked("a", seen), hooked("b", seen), hooked("c", seen)

    @flow
    def f():
        with transaction() as outer:
            a()
            with transaction() as inner:
                b()
                c()
            seen.append(inner.get_parent() is outer)
            a()
            raise BoomError("outer")

    f(return_state=True)
    return seen


def case_a_failing_inner_block_rolls_the_outer_back() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction() as outer:
            a()
            try:
                with transaction() as inner:
                    b()
                    raise BoomError("inner")
            except BoomError:
                seen.append([outer.state.name, inner.state.name])
        seen.append(outer.state.name)

    f()
    return seen


def case_hooks_of_a_block() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def f(fail):
        with transaction() as txn:
            a()
            txn.stage(
                "value",
                on_rollback_hooks=[lambda t: seen.append("r1"), lambda t: seen.append("r2")],
                on_commit_hooks=[lambda t: seen.append("c1"), lambda t: seen.append("c2")],
            )
            a()
            if fail:
                raise BoomError("block")

    f(False)
    seen.append("---")
    f(True, return_state=True)
    return seen


def case_eager() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction(commit_mode=CommitMode.EAGER) as txn:
            a()
            b()
            seen.append([txn.commit_mode.name, [child.state.name for child in txn.children]])
            raise BoomError("too late")

    f(return_state=True)
    return seen


def case_eager_inside_lazy() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction() as outer:
            a()
            with transaction(commit_mode=CommitMode.EAGER) as inner:
                b()
            seen.append([outer.state.name, inner.state.name])
            raise BoomError("outer")

    f(return_state=True)
    return seen


def case_lazy_inside_eager() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction(commit_mode=CommitMode.EAGER) as outer:
            a()
            with transaction(commit_mode=CommitMode.LAZY) as inner:
                b()
            seen.append([outer.state.name, inner.state.name])
        seen.append([outer.state.name, inner.state.name])

    f()
    return seen


def case_off_rolls_back_unless_committed_by_hand() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f(by_hand):
        with transaction(commit_mode=CommitMode.OFF) as txn:
            a()
            b()
            if by_hand:
                seen.append(txn.commit())
        seen.append(txn.state.name)

    f(False)
    f(True)
    return seen


def case_commit_and_rollback_by_hand() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def f():
        with transaction() as txn:
            a()
            seen.append([txn.commit(), txn.commit(), txn.rollback(), txn.state.name])
        with transaction() as txn:
            a()
            seen.append([txn.rollback(), txn.rollback(), txn.commit(), txn.state.name])
        seen.append(txn.state.name)

    f()
    return seen


def case_inherited_modes() -> Any:
    seen = []
    with transaction(commit_mode=CommitMode.OFF) as outer, transaction() as inner:
        seen.append([modes(outer), modes(inner)])
    with transaction() as outer, transaction() as inner:
        seen.append([modes(outer), modes(inner)])
    lazy, eager = CommitMode.LAZY, CommitMode.EAGER
    with transaction(commit_mode=lazy) as outer, transaction(commit_mode=eager) as inner:
        seen.append([modes(outer), modes(inner)])
    return seen


def case_set_and_get() -> Any:
    seen = []
    with transaction() as outer:
        outer.set("a", [1])
        outer.get("a").append(2)
        seen.append(outer.get("a"))
        with transaction() as inner:
            seen.append(inner.get("a"))
            inner.set("a", "inner's")
            seen.append([inner.get("a"), outer.get("a")])
            seen.append(inner.get("nowhere", "default"))
            seen.append(inner.get("nowhere", None))
        seen.append(outcome(outer.get, "nowhere"))
    seen.append(outcome(outer.get, "a"))
    return seen


def case_values_for_the_hooks() -> Any:
    seen = []

    @task
    def write(path):
        get_transaction().set("path", path)

    @write.on_rollback
    def undo(txn):
        seen.append(["undo", txn.get("path"), txn.get("table")])

    @flow
    def f():
        with transaction() as txn:
            txn.set("table", "t")
            write("one")
            write("two")
            seen.append(txn.get("path", "the task's own"))
            raise BoomError("block")

    f(return_state=True)
    return seen


def case_get_transaction() -> Any:
    seen = [get_transaction()]

    @task
    def t(outer):
        inner = get_transaction()
        seen.append([inner is outer, inner.get_parent() is outer, type(inner).__name__])
        with transaction() as own:
            seen.append([get_transaction() is own, own.get_parent() is inner])
        seen.append(get_transaction() is inner)

    @flow
    def f():
        seen.append(get_transaction())
        with transaction() as txn:
            seen.append([get_transaction() is txn, Transaction.get_active() is txn])
            t(txn)
            seen.append(get_transaction() is txn)
        seen.append(get_transaction())

    f()
    return seen


def case_a_task_in_a_task_commits_with_it() -> Any:
    seen = []
    inner = hooked("inner", seen)

    def body(fail=False):
        inner()
        seen.append("outer goes on")
        if fail:
            raise BoomError("outer")

    outer = task(body, name="outer")
    outer.on_commit(lambda txn: seen.append("outer commits"))
    outer.on_rollback(lambda txn: seen.append("outer rolls back"))

    @flow
    def f(fail):
        outer(fail)
        seen.append("flow goes on")

    f(False)
    f(True, return_state=True)
    return seen


def case_a_task_of_a_subflow_belongs_to_the_block() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def child():
        a()

    @flow
    def f(fail):
        with transaction():
            child()
            b(fail)
            seen.append("end of block")

    f(False)
    f(True, return_state=True)
    return seen


def case_a_failing_subflow_rolls_back() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def child():
        raise BoomError("child")

    @flow
    def f():
        with transaction():
            a()
            child()

    f(return_state=True)
    return seen


def case_a_failing_commit_hook() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @a.on_commit
    def fails(txn):
        raise BoomError("hook")

    @flow
    def f():
        with transaction() as txn:
            a()
            b()
        seen.append([txn.state.name, [child.state.name for child in txn.children]])

    state = f(return_state=True)
    return [seen, state.name]


def case_a_failing_commit_hook_of_the_block() -> Any:
    seen = []
    a = hooked("a", seen)

    def fails(txn):
        raise BoomError("hook")

    @flow
    def f():
        with transaction() as txn:
            a()
            txn.stage(
                1,
                on_commit_hooks=[fails, lambda t: seen.append("second")],
                on_rollback_hooks=[lambda t: seen.append("block rolls back")],
            )
        seen.append([txn.state.name, [child.state.name for child in txn.children]])

    f()
    return seen


def case_a_failing_rollback_hook_of_a_task() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @b.on_rollback
    def fails(txn):
        seen.append("fails")
        raise BoomError("hook")

    @flow
    def f():
        with transaction():
            a()
            b()
            raise BoomError("block")

    state = f(return_state=True)
    return [seen, outcome(state.result)]


def case_a_failing_rollback_hook_of_the_block() -> Any:
    seen = []
    a = hooked("a", seen)

    def fails(txn):
        raise BoomError("hook")

    @flow
    def f():
        with transaction() as txn:
            a()
            txn.stage(1, on_rollback_hooks=[lambda t: seen.append("first staged"), fails])
            raise BoomError("block")

    state = f(return_state=True)
    return [seen, outcome(state.result)]


def case_what_hooks_are_given() -> Any:
    seen = []

    @task(cache_policy=NONE)
    def t():
        get_transaction().set("x", 1)
        return "value"

    @t.on_commit
    def commit(txn):
        seen.append([type(txn).__name__, txn.state.name, txn.get("x"), txn.key])

    @t.on_rollback
    def rollback(txn):
        seen.append([type(txn).__name__, txn.state.name, txn.get("x"), txn.key])

    @flow
    def f(fail):
        with transaction():
            t()
            if fail:
                raise BoomError("block")

    f(False)
    f(True, return_state=True)
    return seen


def case_retries_in_a_block() -> Any:
    seen = []
    attempts = []
    a = hooked("a", seen)

    @task(retries=1)
    def flaky():
        attempts.append(1)
        if len(attempts) == 1:
            raise BoomError("first attempt")

    flaky.on_commit(lambda txn: seen.append("flaky commits"))

    @flow
    def f():
        with transaction() as txn:
            a()
            flaky()
        seen.append(txn.state.name)

    f()
    return seen


def case_key_is_written_once() -> Any:
    seen = []

    @flow
    def f():
        with transaction(key="report", store=get_result_store()) as txn:
            seen.append(txn.is_committed())
            if not txn.is_committed():
                txn.stage({"rows": 3})
        return txn.read().result

    seen.append(f())
    seen.append(f())
    return seen


def case_key_without_store() -> Any:
    seen = []
    for _ in range(2):
        with transaction(key="alone") as txn:
            seen.append(txn.is_committed())
            txn.stage("value")
    seen.append(get_result_store().read("alone").result)
    return seen


def case_key_of_a_failed_block_is_not_written() -> Any:
    seen = []
    for fail in (True, False, False):
        try:
            with transaction(key="maybe") as txn:
                seen.append(txn.is_committed())
                txn.stage("value")
                if fail:
                    raise BoomError("block")
        except BoomError:
            seen.append(txn.state.name)
    return seen


def case_overwrite() -> Any:
    seen = []
    for value in (1, 2):
        with transaction(key="over", overwrite=True) as txn:
            seen.append(txn.is_committed())
            txn.stage(value)
        seen.append(txn.read().result)
    return seen


def case_write_on_commit_false() -> Any:
    seen = []
    for _ in range(2):
        with transaction(key="unwritten", write_on_commit=False) as txn:
            seen.append(txn.is_committed())
            txn.stage("value")
        seen.append(txn.state.name)
    return [*seen, get_result_store().exists("unwritten")]


def case_staging_what_is_committed() -> Any:
    for _ in range(2):
        with transaction(key="first") as txn:
            txn.stage("first" if not txn.is_committed() else "second")
    return get_result_store().read("first").result


def case_a_block_without_a_value() -> Any:
    with transaction(key="empty") as txn:
        before = txn.read
    return [callable(before), txn.read().result]


def case_an_inner_key_is_written_with_the_outermost() -> Any:
    seen = []
    store = get_result_store()
    with transaction(key="outer", store=store) as outer:
        outer.stage("o")
        with transaction(key="inner", store=store) as inner:
            inner.stage("i")
        seen.append(store.exists("inner"))
    seen.append([store.exists("inner"), store.exists("outer")])
    return seen


def case_cached_tasks_are_written_with_the_block() -> Any:
    seen = []
    a = hooked("a", seen, cache_policy=INPUTS, persist_result=True)

    @flow
    def f(fail):
        with transaction():
            a()
            if fail:
                raise BoomError("block")

    f(True, return_state=True)
    seen.append("---")
    f(False)
    seen.append("---")
    f(False)
    seen.append("---")
    f(True, return_state=True)
    return seen


def case_the_same_call_twice_in_a_block() -> Any:
    seen = []
    a = hooked("a", seen, cache_policy=INPUTS, persist_result=True)

    @flow
    def f():
        with transaction():
            a()
            a()

    f()
    return seen


def case_isolation_without_a_key() -> Any:
    with transaction(isolation_level=IsolationLevel.SERIALIZABLE) as txn:
        return modes(txn)


async def case_async_block() -> Any:
    seen = []
    a, b = ahooked("a", seen), hooked("b", seen)

    @flow
    async def f(fail):
        async with atransaction() as txn:
            await a()
            b()
            seen.append([type(txn).__name__, type(get_transaction()).__name__])
            if fail:
                raise BoomError("block")
        seen.append(txn.state.name)

    await f(False)
    await f(True, return_state=True)
    return seen


async def case_async_tasks_in_an_async_block() -> Any:
    seen = []
    a, b = ahooked("a", seen), ahooked("b", seen)

    @flow
    async def f(fail):
        async with atransaction():
            await a()
            await b(fail)
            seen.append("end of block")

    await f(False)
    await f(True, return_state=True)
    return seen


async def case_async_values() -> Any:
    seen = []

    @task
    async def write(path):
        get_transaction().set("path", path)

    @write.on_rollback
    async def undo(txn):
        seen.append([type(txn).__name__, txn.get("path")])

    @flow
    async def f():
        async with atransaction():
            await write("one")
            raise BoomError("block")

    await f(return_state=True)
    return seen


async def case_async_key() -> Any:
    seen = []
    for _ in range(2):
        async with atransaction(key="async") as txn:
            seen.append(txn.is_committed())
            txn.stage("value")
        seen.append((await txn.read()).result)
    return seen


async def case_a_sync_block_in_an_async_flow() -> Any:
    seen = []
    a = ahooked("a", seen)

    @flow
    async def f(fail):
        with transaction():
            await a()
            if fail:
                raise BoomError("block")

    await f(False)
    await f(True, return_state=True)
    return seen


async def case_an_async_transaction_wants_async_with() -> Any:
    def enter():
        with AsyncTransaction():
            pass

    return error_kind(enter, mentions=("async with",))


def case_a_transaction_is_entered_once() -> Any:
    def enter():
        txn = Transaction()
        with txn, txn:
            pass

    return error_kind(enter)


def case_a_transaction_of_the_class() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def f():
        with Transaction(commit_mode=CommitMode.LAZY) as txn:
            a()
            seen.append("end of block")
        seen.append(modes(txn))

    f()
    return seen


def case_only_the_error_of_the_block_comes_out() -> Any:
    def body():
        with transaction() as txn:
            txn.stage(1, on_rollback_hooks=[lambda t: 1 / 0])
            raise BoomError("mine")

    return outcome(body)


def case_values_that_cannot_be_pickled_are_not_committed() -> Any:
    with transaction(key="unpicklable") as txn:
        txn.stage(lambda: 1 if txn else 2, on_rollback_hooks=[])
    return [txn.state.name in ("COMMITTED", "ROLLED_BACK")]


def case_configuration_error_is_known() -> Any:
    return issubclass(ConfigurationError, Exception)


def case_blocks_in_a_loop_stand_alone() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def f():
        for n in range(3):
            try:
                with transaction():
                    a()
                    if n == 1:
                        raise BoomError("middle")
            except BoomError:
                seen.append("caught")

    f()
    return seen


def case_mapped_tasks() -> Any:
    seen = []

    @task
    def put(n):
        get_transaction().set("n", n)
        return n

    put.on_rollback(lambda txn: seen.append(txn.get("n")))

    @flow
    def f():
        with transaction():
            put.map([1, 2, 3]).result()
            raise BoomError("block")

    f(return_state=True)
    return sorted(seen)


def case_a_task_that_returns_a_failed_state() -> Any:
    seen = []
    a = hooked("a", seen)

    @task
    def refuses():
        return Failed(message="no")

    refuses.on_rollback(lambda txn: seen.append("refuses rolls back"))
    refuses.on_commit(lambda txn: seen.append("refuses commits"))

    @flow
    def f():
        with transaction() as txn:
            a()
            refuses(return_state=True)
        seen.append(txn.state.name)
        return 1

    f()
    return seen


def case_generator_tasks() -> Any:
    seen = []

    @task
    def g():
        yield 1
        yield 2

    g.on_commit(lambda txn: seen.append("g commits"))
    g.on_rollback(lambda txn: seen.append("g rolls back"))

    @flow
    def f(fail):
        with transaction():
            seen.append(list(g()))
            seen.append("end of block")
            if fail:
                raise BoomError("block")

    f(False)
    f(True, return_state=True)
    return seen


def case_a_committed_key_leaves_tasks_alone() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def f(fail):
        with transaction(key="done") as txn:
            a()
            if fail:
                raise BoomError("block")
            txn.stage("value")
        return txn.state.name

    seen.append(f(False))
    seen.append(f(False))
    f(True, return_state=True)
    return seen


def case_tasks_after_a_commit_by_hand() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction() as txn:
            a()
            txn.commit()
            b()
        return txn.state.name

    seen.append(f())
    return seen


def case_tasks_after_a_rollback() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @flow
    def f():
        with transaction() as txn:
            try:
                a(fail=True)
            except BoomError:
                b()
        return txn.state.name

    seen.append(f())
    return seen


def case_a_task_that_falls_back_on_another() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    def body():
        try:
            a(fail=True)
        except BoomError:
            b()

    outer = task(body, name="outer")
    outer.on_commit(lambda txn: seen.append("outer commits"))
    outer.on_rollback(lambda txn: seen.append("outer rolls back"))

    @flow
    def f(fail):
        with transaction() as txn:
            outer()
            if fail:
                raise BoomError("block")
        return txn.state.name

    seen.append(f(False))
    f(True, return_state=True)
    return seen


def case_a_block_inside_a_task() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @task
    def outer(fail):
        with transaction() as txn:
            a()
            b()
        seen.append(txn.state.name)
        if fail:
            raise BoomError("outer")

    @flow
    def f(fail):
        outer(fail)

    f(False)
    f(True, return_state=True)
    return seen


def case_a_flow_inside_a_task() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def inner():
        a()

    @task
    def outer(fail):
        inner()
        seen.append("outer goes on")
        if fail:
            raise BoomError("outer")

    @flow
    def f(fail):
        outer(fail)

    f(False)
    f(True, return_state=True)
    return seen


def case_a_child_flow_that_only_tells_its_state() -> Any:
    seen = []
    a = hooked("a", seen)

    @flow
    def child():
        raise BoomError("child")

    @flow
    def f():
        with transaction() as txn:
            a()
            child(return_state=True)
        seen.append(txn.state.name)
        return 1

    f()
    return seen


def case_hooks_given_by_the_decorators_of_options() -> Any:
    seen = []
    a = hooked("a", seen)
    b = a.with_options(name="b", retries=1)

    @flow
    def f():
        with transaction():
            b()

    f()
    return seen


def case_staging_twice() -> Any:
    seen = []
    with transaction(key="twice") as txn:
        txn.stage("one", on_commit_hooks=[lambda t: seen.append("first")])
        txn.stage("two", on_commit_hooks=[lambda t: seen.append("second")])
    return [*seen, txn.read().result]


def case_a_read_without_a_key() -> Any:
    with transaction() as txn:
        return txn.read()


def case_a_block_in_a_flow_that_is_retried() -> Any:
    seen = []
    a = hooked("a", seen)
    attempts = []

    @flow(retries=1)
    def f():
        attempts.append(1)
        with transaction():
            a()
            if len(attempts) == 1:
                raise BoomError("first attempt")

    f()
    return seen


def case_nested_eager_tasks() -> Any:
    seen = []
    a, b = hooked("a", seen), hooked("b", seen)

    @task
    def outer():
        a()
        b()
        seen.append("outer ends")

    outer.on_commit(lambda txn: seen.append("outer commits"))

    @flow
    def f():
        with transaction(commit_mode=CommitMode.EAGER):
            outer()
            seen.append("block ends")

    f()
    return seen


def case_commit_mode_by_its_name() -> Any:
    with transaction(commit_mode="EAGER") as txn:
        return txn.commit_mode == CommitMode.EAGER


def case_a_value_set_by_a_task_is_not_the_blocks() -> Any:
    seen = []

    @task
    def t():
        get_transaction().set("x", 1)

    @flow
    def f():
        with transaction() as txn:
            txn.set("x", 0)
            t()
            seen.append([txn.get("x"), [child.get("x") for child in txn.children]])

    f()
    return seen


def case_parallel_tasks_of_which_one_fails() -> Any:
    seen = []
    a, b, c = hooked("a", seen), hooked("b", seen), hooked("c", seen)

    @flow
    def f():
        with transaction() as txn:
            first = a.submit()
            second = b.submit(wait_for=[first])
            third = c.submit(fail=True, wait_for=[second])
            third.wait()
            seen.append(txn.state.name)
            third.result()

    f(return_state=True)
    return seen
