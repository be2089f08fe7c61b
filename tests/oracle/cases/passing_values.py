"""Futures, states and marks handed on to tasks and flows, and failures on their way up."""

from typing import Any, NamedTuple

import pydantic
from prefect import allow_failure, flow, task, unmapped

from tests.oracle.harness import outcome, state_facts


@task
def inc(x):
    return x + 1


@task
def bad(m="bad"):
    raise ValueError(m)


@task
def ident(x):
    return x


@task
def typ(x):
    return type(x).__name__


def case_submit_return_state() -> Any:

    @flow
    def f():
        s = inc.submit(1, return_state=True)
        b = bad.submit(return_state=True)
        return [type(s).__name__, s.result(), b.name, outcome(b.result)]

    return f()


def case_map_return_state_bad() -> Any:

    @flow
    def f():
        ss = bad.map(["a", "b"], return_state=True)
        return [type(ss).__name__, [s.message for s in ss]]

    return f()


def case_state_result_of_future_state() -> Any:

    @flow
    def f():
        fu = inc.submit(1)
        fu.wait()
        return [fu.state.result(), repr(fu.state)[:40]]

    return f()


def case_future_as_key_in_dict_arg() -> Any:

    @flow
    def f():
        return ident.submit({"a": {"b": [inc.submit(1)]}}).result()

    return f()


def case_future_in_namedtuple() -> Any:

    class P(NamedTuple):
        a: Any
        b: int

    @flow
    def f():
        r = ident(P(inc.submit(1), 2))
        return [type(r).__name__, list(r)]

    return outcome(f)


def case_future_in_model() -> Any:

    class M(pydantic.BaseModel):
        model_config = {"arbitrary_types_allowed": True}
        x: Any

    @flow
    def f():
        r = ident(M(x=inc.submit(1)))
        return [type(r).__name__, r.x]

    return f()


def case_future_passed_to_child_flow_typed() -> Any:

    @flow
    def child(x: int):
        return x * 2

    @flow
    def f():
        return child(inc.submit(1))

    return f()


def case_future_list_to_child_flow_typed() -> Any:

    @flow
    def child(x: list[int]):
        return sum(x)

    @flow
    def f():
        return child(inc.map([1, 2]))

    return f()


def case_allow_failure_to_child_flow() -> Any:

    @flow
    def child(x):
        return type(x).__name__

    @flow
    def f():
        return child(allow_failure(bad.submit()))

    return outcome(f)


def case_state_to_child_flow() -> Any:

    @flow
    def child(x):
        return x

    @flow
    def f():
        return child(inc(1, return_state=True))

    return outcome(f)


def case_unmapped_in_submit() -> Any:

    @flow
    def f():
        return [ident.submit(unmapped([1, 2])).result(), ident(unmapped([1]))]

    return outcome(f)


def case_unmapped_to_flow() -> Any:

    @flow
    def child(x):
        return type(x).__name__

    return outcome(lambda: child(unmapped([1])))


def case_future_of_future() -> Any:

    @task
    def outer():
        return inc.submit(1)

    @flow
    def f():
        fu = outer.submit()
        return [
            type(fu.result()).__name__ in ("PrefectConcurrentFuture", "Future"),
            ident.submit(fu).result() if False else None,
        ]

    return outcome(f)


def case_future_result_of_list_of_futures() -> Any:

    @flow
    def f():
        fs = [inc.submit(i) for i in range(3)]
        return ident.submit(fs).result()

    return f()


def case_futures_from_other_flow() -> Any:

    @flow
    def child():
        return inc.submit(1)

    @flow
    def f():
        s = child()
        return [type(s).__name__, ident(s)]

    return outcome(f)


def case_child_flow_state_passed_to_task() -> Any:

    @flow
    def child():
        return 5

    @flow
    def f():
        s = child(return_state=True)
        return [ident(s), ident.submit(s).result(), ident.submit([s]).result()]

    return outcome(f)


def case_allow_failure_state() -> Any:

    @flow
    def f():
        s = bad(return_state=True)
        return [
            typ(allow_failure(s)),
            typ.submit(allow_failure(s)).result(),
            typ.submit(allow_failure([s])).result(),
        ]

    return outcome(f)


def case_wait_for_list_and_single_state() -> Any:

    @flow
    def f():
        s = inc(1, return_state=True)
        return [
            inc(1, wait_for=[s]),
            inc.submit(1, wait_for=[s]).result(),
            inc.submit(2, wait_for=[inc.map([1, 2])]).result(),
            inc.submit(2, wait_for=inc.map([1, 2])).result(),
        ]

    return outcome(f)


def case_wait_for_nested() -> Any:

    @flow
    def f():
        return inc.submit(1, wait_for=[{"a": bad.submit()}], return_state=True).name

    return outcome(f)


def case_wait_for_values() -> Any:

    @flow
    def f():
        return inc.submit(1, wait_for=[1, "x", None]).result()

    return outcome(f)


def case_wait_for_child_flow() -> Any:

    @flow
    def child():
        return 7

    @flow
    def f():
        return [
            child(wait_for=[inc.submit(1)]),
            child(wait_for=[bad.submit(return_state=True)], return_state=True).name,
        ]

    return outcome(f)


def case_map_wait_for_failed() -> Any:

    @flow
    def f():
        return [s.name for s in inc.map([1, 2], wait_for=[bad.submit()], return_state=True)]

    return outcome(f)


def case_map_over_tuple_and_future_mixed() -> Any:

    @task
    def add(x, y):
        return x + y

    @flow
    def f():
        return [
            add.map((1, 2), [inc.submit(1), 5]).result(),
            add.map(inc.map([1, 2]), unmapped(inc.submit(10))).result(),
            add.map(x=[1], y=unmapped(2)).result(),
        ]

    return outcome(f)


def case_map_generator_twice() -> Any:

    @task
    def add(x, y):
        return (x, y)

    @flow
    def f():
        return [
            add.map((i for i in range(2)), range(2)).result(),
            add.map(iter([1, 2]), {3, 4}).result().__len__(),
        ]

    return outcome(f)


def case_map_dict_items() -> Any:

    @flow
    def f():
        return [
            ident.map({"a": 1, "b": 2}.items()).result(),
            ident.map({"a": 1}.values()).result(),
            ident.map(enumerate("ab")).result(),
            ident.map(zip([1], [2], strict=True)).result(),
        ]

    return outcome(f)


def case_map_result_fail_first() -> Any:

    @task
    def m(x):
        if x % 2:
            raise ValueError(str(x))
        return x

    @flow
    def f():
        r = m.map([0, 1, 2, 3])
        return [
            outcome(r.result),
            [str(v) for v in r.result(raise_on_failure=False)],
            [x.state.name for x in r],
        ]

    return outcome(f)


def case_nested_task_failure_message() -> Any:

    @task
    def outer():
        return bad()

    @flow
    def f():
        return outer()

    s = f(return_state=True)
    return [state_facts(s), outcome(s.result)]


def case_nested_flow_failure_message() -> Any:

    @flow
    def inner():
        bad()

    @flow
    def f():
        inner()

    s = f(return_state=True)
    return [state_facts(s)]


def case_nested_flow_failed_returned_states() -> Any:

    @flow
    def inner():
        return bad(return_state=True)

    @flow
    def f():
        return inner(return_state=True)

    s = f(return_state=True)
    return [state_facts(s), outcome(s.result)]


def case_nested_flow_failed_state_list() -> Any:

    @flow
    def inner():
        return [bad(return_state=True), inc(1, return_state=True)]

    @flow
    def f():
        r = inner()
        return ([type(x).__name__ for x in r], inner(return_state=True).message)

    return outcome(f)


def case_return_tuple_with_failed_and_value() -> Any:

    @flow
    def f():
        return (1, bad(return_state=True))

    r = f()
    s = f(return_state=True)
    return [type(r).__name__, state_facts(s)]


def case_task_returns_generator() -> Any:

    @task
    def t():
        return (i for i in range(3))

    r = t()
    return [type(r).__name__, outcome(lambda: list(r))]


def case_flow_returns_dict_of_states() -> Any:

    @flow
    def f():
        return {"a": bad(return_state=True)}

    return [state_facts(f(return_state=True)), type(f()["a"]).__name__]


def case_return_states_set() -> Any:

    @flow
    def f():
        return {bad(return_state=True), inc(1, return_state=True)}

    return [state_facts(f(return_state=True))]


def case_exception_group() -> Any:

    @flow
    def f():
        raise ExceptionGroup("eg", [ValueError("a"), TypeError("b")])

    s = f(return_state=True)
    return state_facts(s)


def case_flow_raise_from() -> Any:

    @flow
    def f():
        try:
            raise KeyError("k")
        except KeyError as e:
            raise ValueError("v") from e

    try:
        f()
    except ValueError as e:
        return [str(e), repr(e.__cause__)]


def case_custom_exception_init() -> Any:

    class OwnError(Exception):
        def __init__(self, a, b):
            super().__init__(a)
            self.b = b

    @flow
    def f():
        raise OwnError(1, 2)

    s = f(return_state=True)
    return [s.message, s.result(raise_on_failure=False).b]
