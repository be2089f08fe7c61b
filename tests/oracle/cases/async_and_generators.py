"""Async flows and tasks in each other, and generators as flows and tasks."""

import asyncio
import concurrent.futures
import contextvars
import inspect
import threading
from typing import Any

from prefect import flow, task
from prefect.futures import as_completed, wait

from tests.oracle.harness import outcome, state_facts


@task
def inc(x):
    return x + 1


@task
async def ainc(x):
    await asyncio.to_thread(int)
    return x + 1


@task
async def abad():
    raise ValueError("abad")


async def case_async_return_state() -> Any:

    @flow
    async def f():
        return [
            await ainc(1),
            (await ainc(1, return_state=True)).name,
            (await abad(return_state=True)).message,
        ]

    return await f()


async def case_async_state_result_in_flow() -> Any:

    @flow
    async def f():
        s = await ainc(1, return_state=True)
        r = s.result()
        return [inspect.isawaitable(r), await r if inspect.isawaitable(r) else r]

    return await f()


async def case_async_state_result_outside() -> Any:
    s = await ainc(1, return_state=True)
    r = s.result()
    return [inspect.isawaitable(r), await r if inspect.isawaitable(r) else r]


def case_sync_flow_state_result_of_async_task() -> Any:

    @flow
    def f():
        ainc.submit(1).wait()
        fu = ainc.submit(1)
        fu.wait()
        return [fu.result(), fu.state.name]

    return f()


async def case_async_submit() -> Any:

    @flow
    async def f():
        fu = ainc.submit(1)
        r = fu.result()
        return [r, type(fu).__name__ in ("PrefectConcurrentFuture", "Future")]

    return await f()


async def case_async_map() -> Any:

    @flow
    async def f():
        return [ainc.map([1, 2]).result(), [s.name for s in ainc.map([1, 2], return_state=True)]]

    return await f()


async def case_async_flow_with_sync_task_submit() -> Any:

    @flow
    async def f():
        return [inc.submit(1).result(), inc.map([1, 2]).result(), inc(5)]

    return await f()


async def case_async_flow_return_futures() -> Any:

    @flow
    async def f():
        return [ainc.submit(1), inc.submit(2)]

    r = await f()
    return [type(r).__name__, [x.name for x in r]]


async def case_async_gather_with_failure() -> Any:

    @flow
    async def f():
        return await asyncio.gather(ainc(1), abad())

    s = await f(return_state=True)
    return state_facts(s)


async def case_async_gather_return_exceptions() -> Any:

    @flow
    async def f():
        r = await asyncio.gather(ainc(1), abad(), return_exceptions=True)
        return [str(x) for x in r]

    s = await f(return_state=True)
    return [state_facts(s), await s.aresult()]


async def case_async_child_flows_gather() -> Any:

    @flow
    async def child(x):
        await asyncio.to_thread(int)
        return x

    @flow
    async def f():
        return await asyncio.gather(*[child(i) for i in range(3)])

    return await f()


async def case_async_taskgroup() -> Any:

    @flow
    async def f():
        async with asyncio.TaskGroup() as tg:
            a = tg.create_task(ainc(1))
            b = tg.create_task(ainc(2))
        return [a.result(), b.result()]

    return await f()


async def case_async_timeout() -> Any:

    @task(timeout_seconds=0.1)
    async def slow():
        await asyncio.Event().wait()

    @flow
    async def f():
        return (await slow(return_state=True)).name

    return await f()


async def case_async_wait_for() -> Any:

    @flow
    async def f():
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.05)
        except TimeoutError:
            return "to"

    return await f()


async def case_async_task_cancelled() -> Any:

    @task
    async def t():
        raise asyncio.CancelledError()

    @flow
    async def f():
        try:
            await t()
        except BaseException as e:  # noqa: BLE001 - a cancellation is none
            return type(e).__name__

    return await f()


async def case_async_hooks() -> Any:
    seen = []

    async def h(fl, run, st):
        await asyncio.to_thread(int)
        seen.append(st.name)

    @flow(on_completion=[h], on_running=[h])
    async def f():
        return 1

    await f()
    return seen


def case_call_async_flow_without_await() -> Any:

    @flow
    async def f():
        return 1

    c = f()
    r = [inspect.iscoroutine(c)]
    r.append(asyncio.run(c))
    return r


def case_asyncio_run_async_task() -> Any:
    return asyncio.run(ainc(1))


def case_async_task_fn() -> Any:
    return asyncio.run(ainc.fn(1))


async def case_async_generator_flow() -> Any:

    @flow
    async def f():
        for i in range(3):
            yield i

    return [x async for x in f()]


async def case_async_gen_task_in_flow() -> Any:

    @task
    async def g():
        for i in range(3):
            yield i

    @flow
    async def f():
        return [x async for x in g()]

    return await f()


async def case_async_gen_task_raises() -> Any:

    @task
    async def g():
        yield 1
        raise ValueError("g")

    @flow
    async def f():
        [x async for x in g()]

    return (await f(return_state=True)).message


def case_gen_task_return_state() -> Any:

    @task
    def g():
        yield 1

    return outcome(lambda: type(g(return_state=True)).__name__)


def case_gen_flow_return_state() -> Any:

    @flow
    def g():
        yield 1

    return outcome(lambda: type(g(return_state=True)).__name__)


def case_gen_task_early_close() -> Any:
    seen = []

    @task(
        on_completion=[lambda t, r, s: seen.append(s.name)],
        on_failure=[lambda t, r, s: seen.append(s.name)],
    )
    def g():
        try:
            yield 1
            yield 2
        finally:
            seen.append("closed")

    x = g()
    next(x)
    x.close()
    return seen


def case_gen_task_with_future_args() -> Any:

    @task
    def g(x):
        yield from range(x)

    @flow
    def f():
        return list(g(inc.submit(1)))

    return f()


def case_gen_task_map() -> Any:

    @task
    def g(x):
        yield x
        yield (x * 2)

    @flow
    def f():
        return g.map([1, 2]).result()

    return outcome(f)


def case_gen_task_retries() -> Any:
    n = []

    @task(retries=1)
    def g():
        n.append(1)
        yield 1
        if len(n) == 1:
            raise ValueError
        yield 2

    return outcome(lambda: list(g()))


def case_gen_return_value() -> Any:

    @task
    def g():
        yield 1
        return 5

    def drive():
        r = yield from g()
        return r

    out = []
    it = drive()
    try:
        while True:
            out.append(next(it))
    except StopIteration as e:
        out.append(e.value)
    return out


def case_contextvar_in_task() -> Any:
    v = contextvars.ContextVar("v", default=0)

    @task
    def g():
        return v.get()

    @task
    def s():
        v.set(9)

    @flow
    def f():
        v.set(3)
        r = [g(), g.submit().result(), g.map_ if False else None]
        s()
        r.append(v.get())
        return r

    return f()


def case_thread_submit_in_flow() -> Any:

    @flow
    def f():
        out = []
        ctx = contextvars.copy_context()
        t = threading.Thread(target=lambda: out.append(ctx.run(inc, 1)))
        t.start()
        t.join()
        return out

    return f()


def case_threadpool_tasks_in_flow() -> Any:
    @flow
    def f():
        with concurrent.futures.ThreadPoolExecutor(2) as ex:
            return list(ex.map(inc, [1, 2]))

    return f()


async def case_to_thread() -> Any:

    @flow
    async def f():
        return await asyncio.to_thread(inc, 1)

    return await f()


async def case_sync_flow_to_thread() -> Any:

    @flow
    def g():
        return inc(1)

    @flow
    async def f():
        return await asyncio.to_thread(g)

    return await f()


async def case_sync_flow_calls_async_flow() -> Any:

    @flow
    async def g():
        return 4

    @flow
    def f():
        r = g()
        return inspect.iscoroutine(r) and (r.close() or True)

    return f()


async def case_as_completed_async_flow() -> Any:

    @flow
    async def f():
        return sorted(x.result() for x in as_completed(ainc.map([1, 2, 3])))

    return await f()


async def case_flow_wait_async() -> Any:

    @flow
    async def f():
        fs = ainc.map([1, 2])
        d = wait(fs)
        return [len(d.done), len(d.not_done)]

    return await f()


def case_gen_flow_tasks_inside() -> Any:

    @flow
    def g():
        yield inc(1)
        yield inc.submit(2).result()

    return list(g())
