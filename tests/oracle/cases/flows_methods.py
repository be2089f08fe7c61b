"""Flows made of methods, lambdas, generators and other kinds of functions."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from prefect import Flow, flow

from tests.oracle.harness import outcome


def case_recursion_of_a_flow() -> Any:
    @flow
    def countdown(n: int) -> list[int]:
        return [n, *countdown(n - 1)] if n else [0]

    return countdown(2)


def case_a_generator_flow_yields_its_items() -> Any:
    @flow
    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    return list(numbers(3))


def case_a_generator_flow_that_raises() -> Any:
    @flow
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("after one")

    seen: list[int] = []

    def drain() -> None:
        seen.extend(numbers())

    return [outcome(drain), seen]


async def case_an_async_generator_flow() -> Any:
    @flow
    async def numbers(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i

    return [item async for item in numbers(3)]


def case_fn_is_the_undecorated_function() -> Any:
    def add(a: int, b: int) -> int:
        return a + b

    wrapped = flow(add)
    return [wrapped.fn is add, wrapped.fn(1, 2)]


def case_flow_keeps_name_doc_and_module_of_the_function() -> Any:
    @flow
    def documented() -> None:
        """What it does."""

    return [documented.__name__, documented.__doc__, documented.__wrapped__ is documented.fn]


def case_a_method_as_a_flow() -> Any:
    class Pipeline:
        def __init__(self, factor: int) -> None:
            self.factor = factor

        @flow
        def run(self, x: int) -> int:
            return self.factor * x

    return [Pipeline(3).run(2), Pipeline(4).run(2), isinstance(Pipeline.run, Flow)]


def case_a_classmethod_as_a_flow() -> Any:
    class Pipeline:
        factor = 5

        @flow
        @classmethod
        def run(cls, x: int) -> int:
            return cls.factor * x

    return [Pipeline.run(2), Pipeline().run(3)]


def case_a_classmethod_around_a_flow() -> Any:
    class Pipeline:
        factor = 5

        @classmethod
        @flow
        def run(cls, x: int) -> int:
            return cls.factor * x

    return outcome(lambda: Pipeline.run(2))


def case_a_staticmethod_as_a_flow() -> Any:
    class Pipeline:
        @flow
        @staticmethod
        def run(x: int) -> int:
            return 7 * x

    return Pipeline.run(2)


async def case_an_async_method_as_a_flow() -> Any:
    class Pipeline:
        factor = 2

        @flow
        async def run(self, x: int) -> int:
            return self.factor * x

    return await Pipeline().run(21)


def case_method_kind_attributes() -> Any:
    class Pipeline:
        @flow
        def plain(self) -> None: ...

        @flow
        @classmethod
        def cls_level(cls) -> None: ...

        @flow
        @staticmethod
        def static() -> None: ...

    def kinds(f: Any) -> list[bool]:
        return [f.ismethod, f.isclassmethod, f.isstaticmethod]

    return [kinds(Pipeline().plain), kinds(Pipeline.cls_level), kinds(Pipeline.static)]


def case_a_lambda_as_a_flow() -> Any:
    made = flow(lambda x: x + 1, name="inc")
    return [made.name, made(2)]


def case_a_lambda_without_a_name_as_a_flow() -> Any:
    made = flow(lambda x: x + 1)
    return [made.name, made(2)]


def case_something_not_callable_as_a_flow() -> Any:
    return outcome(lambda: flow(3))["raised"]
