"""What can be decorated, how it can be called, and what becomes of the arguments."""

import asyncio
import copy
import datetime
import decimal
import enum
import inspect
import pathlib
import pickle
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import pydantic
from prefect import Task, flow, task
from prefect.states import (
    AwaitingRetry,
    Completed,
    Failed,
    Paused,
    Running,
    Scheduled,
    StateType,
    exception_to_crashed_state,
    exception_to_failed_state,
)

from tests.oracle.harness import outcome, state_facts


@task
def inc(x):
    return x + 1


def case_signature_of_task_and_flow() -> Any:

    @task
    def t(a: int, b: str = "x", *c, d=1, **e) -> float: ...

    @flow
    def f(a: int, b: str = "x") -> float: ...

    return [
        str(inspect.signature(t)),
        str(inspect.signature(f)),
        t.__annotations__.keys().__len__(),
        t.__module__ == __name__,
        t.__qualname__,
    ]


def case_isinstance() -> Any:
    return [
        isinstance(inc, Task),
        callable(inc),
        isinstance(inc, type),
        hasattr(inc, "fn"),
        inc.fn(1),
    ]


def case_copy_task() -> Any:
    u = copy.copy(inc)
    return [u.name, u(2)]


def case_deepcopy_state() -> Any:
    s = Completed(data=[1], message="m")
    d = copy.deepcopy(s)
    return [d == s, d.data is s.data, d.id == s.id]


def case_pickle_state() -> Any:
    s = Failed(data=ValueError("x"))
    d = pickle.loads(pickle.dumps(s))
    return [d.name, str(d.data), d.id == s.id, d.timestamp == s.timestamp]


def case_state_eq_and_hash() -> Any:
    a = Completed()
    return [a == a, a != Completed(), len({a, a}), a == "x"]


def case_state_setattr() -> Any:
    a = Completed()
    a.name = "X"
    a.message = "m"
    a.data = 3
    return [a.name, a.message, a.data, str(a), repr(a)]


def case_state_details_fields() -> Any:
    s = Completed()
    d = s.state_details
    return [
        d.flow_run_id,
        d.task_run_id,
        d.cache_key,
        d.scheduled_time,
        d.pause_timeout,
        d.retriable,
        type(d).__name__,
    ]


def case_state_timestamp() -> Any:
    s = Completed()
    return [
        s.timestamp.tzinfo is not None,
        isinstance(s.timestamp, datetime.datetime),
    ]


def case_state_type_members() -> Any:
    return [
        [m.name for m in StateType],
        StateType("COMPLETED") is StateType.COMPLETED,
        StateType.COMPLETED == "COMPLETED",
        f"{StateType.COMPLETED.value}",
        outcome(lambda: StateType("x"))["raised"],
    ]


def case_state_in_fstring() -> Any:
    return [f"{Completed(message='hi')}", f"{Failed(name='Odd')}", f"{Running()!r}"]


def case_state_predicates_paused() -> Any:
    s = Paused(timeout_seconds=10)
    return [s.is_paused(), s.state_details.pause_timeout is not None, s.name]


def case_scheduled_in_future() -> Any:
    t = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    s = Scheduled(scheduled_time=t)
    a = AwaitingRetry(scheduled_time=t)
    return [s.state_details.scheduled_time == t, a.name, a.type.value, s.is_scheduled()]


def case_from_exception() -> Any:
    s = asyncio.run(exception_to_failed_state(ValueError("x")))
    c = asyncio.run(exception_to_crashed_state(ValueError("x")))
    return [state_facts(s), state_facts(c)]


def case_exception_to_crashed_variants() -> Any:
    return [
        state_facts(asyncio.run(exception_to_crashed_state(e)))
        for e in (KeyboardInterrupt(), SystemExit(1), asyncio.CancelledError())
    ]


def case_task_called_with_pos_kw() -> Any:

    @task
    def t(a, /, b, *, c=3):
        return [a, b, c]

    return [t(1, 2), t(1, b=2, c=4), outcome(lambda: t(a=1, b=2))["raised"]]


def case_flow_inheritance() -> Any:

    class A:
        @flow
        def run(self, x: int):
            return self.step(x)

        @task
        def step(self, x):
            return x + 1

    class B(A):
        @task
        def step(self, x):
            return x + 100

    return [A().run(1), B().run("1")]


def case_method_submit_and_map() -> Any:

    class A:
        k = 10

        @task
        def step(self, x):
            return x + self.k

        @flow
        def run(self):
            return [
                self.step.submit(1).result(),
                self.step.map([1, 2]).result(),
                self.step.with_options(name="z").name,
            ]

    return outcome(A().run)


def case_class_task() -> Any:

    class A:
        @task
        @classmethod
        def c(cls, x):
            return [cls.__name__, x]

        @flow
        @classmethod
        def f(cls, x: int):
            return [cls.__name__, x]

    return [
        outcome(lambda: A.c(1)),
        outcome(lambda: A().c(1)),
        outcome(lambda: A.f("1")),
        outcome(lambda: A().f(2)),
    ]


def case_dataclass_method() -> Any:

    @dataclass
    class A:
        n: int

        @task
        def m(self, y):
            return self.n + y

    return A(2).m(3)


def case_pydantic_model_method() -> Any:

    class A(pydantic.BaseModel):
        n: int

        def go(self):

            @task
            def m(y):
                return self.n + y

            return m(3)

    return A(n=2).go()


def case_property_task() -> Any:

    class A:
        @property
        def t(self):

            @task
            def inner(x):
                return x * 2

            return inner

    return A().t(3)


def case_params_enum_decimal_path() -> Any:

    class E(enum.Enum):
        A = "a"

    @flow
    def f(
        e: E,
        d: decimal.Decimal,
        p: pathlib.Path,
        t: datetime.timedelta,
        u: uuid.UUID,
        b: bytes,
        s: set[int],
        fz: frozenset[str],
        tu: tuple[int, str],
        o: list[int] | None = None,
    ):
        return [type(x).__name__ for x in (e, d, p, t, u, b, s, fz, tu, o)]

    return outcome(
        lambda: f(
            "a",
            "1.5",
            "/tmp",
            60,
            "12345678123456781234567812345678",
            "x",
            [1, "2"],
            ["a"],
            ["1", "b"],
            ("1",),
        )
    )


def case_params_datetime_strings() -> Any:

    @flow
    def f(d: datetime.datetime, e: datetime.date, t: datetime.time):
        return [str(d), str(e), str(t)]

    return [
        outcome(lambda: f("2024-01-01T00:00:00Z", "2024-01-01", "12:30")),
        outcome(lambda: f("2024-01-01", "2024-01-01T00:00:00", "12:30:01")),
    ]


def case_params_bad_date() -> Any:

    @flow
    def f(e: datetime.date):
        return e

    return outcome(lambda: f("nope"))["raised"]


def case_params_union_order() -> Any:

    @flow
    def f(x: int | str, y: str | int, z: int | None = None):
        return [x, y, z]

    return [f("1", "2", "3"), f(1, 2, None), outcome(lambda: f([], 1))["raised"]]


def case_params_literal_and_typed() -> Any:

    @flow
    def f(m: Literal["a", "b"], n: list[dict[str, int]]):
        return [m, n]

    return [f("a", [{"k": "1"}]), outcome(lambda: f("c", []))["raised"]]


def case_params_var_annotated() -> Any:

    @flow
    def f(*args: int, **kw: int):
        return [args, kw]

    return f("1", a="2")


class LaterModel(pydantic.BaseModel):
    a: int


def case_params_forward_ref() -> Any:

    @flow
    def f(x: "int", y: "LaterModel | None" = None):
        return [x, type(y).__name__]

    return [f("1"), f(1, {"a": "2"})]


def case_params_generic_model() -> Any:
    T = TypeVar("T")

    class G(pydantic.BaseModel, Generic[T]):
        v: T

    @flow
    def f(x: G[int]):
        return x.v

    return [f({"v": "3"}), f(G[int](v=3))]


def case_params_callable() -> Any:

    @flow
    def f(x: Callable[[int], int]):
        return x(2)

    return [f(lambda v: v + 1), outcome(lambda: f(3))["raised"]]


def case_params_type() -> Any:

    @flow
    def f(x: type):
        return x.__name__

    return outcome(lambda: f(int))
