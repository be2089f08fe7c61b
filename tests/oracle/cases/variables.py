"""Variables: set, read, replaced, deleted, refused."""

from typing import Any

from prefect import flow, task
from prefect.variables import Variable

from tests.oracle.harness import aoutcome, caught_as, error_kind


def fresh(*names: str) -> None:
    """Delete what an earlier case may have left."""
    for name in names:
        Variable.unset(name)


def facts(variable: Any) -> Any:
    return [variable.name, variable.value, variable.tags]


def case_set_and_get() -> Any:
    fresh("v")
    made = Variable.set("v", "x", tags=["a", "b"])
    return [type(made).__name__, facts(made), Variable.get("v")]


def case_values_of_every_kind() -> Any:
    fresh("v")
    values = ["", "文", 3, 1.5, True, None, [1, {"a": None}], {"城": ["北京"]}]
    seen = []
    for value in values:
        Variable.set("v", value, overwrite=True)
        found = Variable.get("v", "default")
        seen.append([found, type(found).__name__])
    return seen


def case_set_again() -> Any:
    fresh("v")
    Variable.set("v", 1, tags=["a"])
    refused = error_kind(Variable.set, "v", 2, mentions=("'v'", "overwrite=True"))
    return [refused, Variable.get("v"), facts(Variable.set("v", 2, overwrite=True))]


def case_overwrite_of_what_is_not_there() -> Any:
    fresh("v")
    return facts(Variable.set("v", 1, overwrite=True))


def case_get_of_what_is_not_there() -> Any:
    fresh("v")
    return [Variable.get("v"), Variable.get("v", 3), Variable.get("v", default="d")]


def case_unset() -> Any:
    fresh("v")
    Variable.set("v", 1)
    return [Variable.unset("v"), Variable.unset("v"), Variable.get("v")]


def case_names() -> Any:
    names = ["a-b_3", "x" * 255, "My Var", "Ä", "a.b", "x" * 256]
    fresh("a-b_3", "x" * 255)
    return [caught_as(lambda name=name: Variable.set(name, 1), ValueError) for name in names]


def case_values_that_are_refused() -> Any:
    values: list[Any] = [object(), {1, 2}, b"x", [object()], "x" * 1_000_000]
    fresh("v")
    return [caught_as(lambda value=value: Variable.set("v", value), ValueError) for value in values]


def case_made_by_hand() -> Any:
    return [
        facts(Variable(name="v", value={"a": 1}, tags=["t"])),
        facts(Variable(name="v", value=1)),
        caught_as(lambda: Variable(name="x" * 256, value=1), ValueError),
        caught_as(lambda: Variable(name="v", value=object()), ValueError),
    ]


def case_a_type_may_be_named() -> Any:
    fresh("v")
    Variable.set("v", "x")
    return Variable[str].get("v")


def case_in_flows_and_tasks() -> Any:
    fresh("v")

    @task
    def read() -> Any:
        return Variable.get("v")

    @flow
    def f() -> Any:
        Variable.set("v", "here")
        return [Variable.get("v"), read()]

    return f()


async def case_on_an_event_loop() -> Any:
    await Variable.aunset("v")
    made = await Variable.set("v", 1)
    again = await aoutcome(Variable.aset("v", 2))
    return [
        facts(made),
        again["raised"],
        facts(await Variable.aset("v", 2, overwrite=True)),
        await Variable.get("v"),
        await Variable.aget("v", default=5),
        await Variable.unset("v"),
        await Variable.aunset("v"),
    ]


async def case_in_async_flows_and_their_sync_tasks() -> Any:
    await Variable.aunset("v")

    @task
    def read() -> Any:
        return Variable.get("v")

    @flow
    async def f() -> Any:
        await Variable.set("v", "here")
        return [await Variable.get("v"), read()]

    return await f()
