"""How arguments of flows and tasks are bound to their parameters."""

import dataclasses
import enum
from typing import Any

import pydantic
from prefect import flow, task
from typing_extensions import TypedDict

from tests.oracle.harness import error_kind, outcome, state_facts


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class User(pydantic.BaseModel):
    name: str
    age: int = 18


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict):
    size: int


def seen(value: Any) -> Any:
    """Type and value of a parameter as the flow saw it."""
    return [type(value).__name__, str(value)]


def coerced(annotation: Any, value: Any) -> Any:
    """What a flow sees of a value given for a parameter with the annotation, or what is raised."""

    def look(x: Any) -> Any:
        return seen(x)

    look.__annotations__["x"] = annotation
    result = outcome(flow(look), value)
    return result["value"] if "value" in result else result["raised"]


def case_an_invalid_nested_field_is_named_by_its_path() -> Any:
    @flow
    def takes(user: User) -> None: ...

    return error_kind(takes, {"name": "Ada", "age": "old"}, mentions=("user", "age"))


def case_a_missing_argument() -> Any:
    @flow
    def takes(x: int, y: int) -> None: ...

    return error_kind(takes, 1, mentions=("takes", "y"))


def case_a_missing_argument_with_return_state_still_raises() -> Any:
    @flow
    def takes(x: int) -> None: ...

    return error_kind(takes, return_state=True, mentions=("takes", "x"))


def case_an_unknown_argument() -> Any:
    @flow
    def takes(x: int) -> None: ...

    return error_kind(lambda: takes(x=1, z=2), mentions=("takes", "z"))


def case_too_many_arguments() -> Any:
    @flow
    def takes(x: int) -> None: ...

    return error_kind(lambda: takes(1, 2), mentions=("takes",))


def case_an_argument_given_twice() -> Any:
    @flow
    def takes(x: int) -> None: ...

    return error_kind(lambda: takes(1, x=2), mentions=("takes", "x"))


def case_defaults_are_used_and_not_validated_when_equal() -> Any:
    @flow
    def look(x: int = 3, y: str = "y", z: list[int] | None = None) -> Any:
        return [seen(x), seen(y), seen(z)]

    return look()


def case_a_default_of_the_wrong_type() -> Any:
    @flow
    def look(x: int = "7") -> Any:  # type: ignore[assignment]
        return seen(x)

    return look()


def case_positional_varargs() -> Any:
    @flow
    def look(first: int, *rest: int) -> Any:
        return [seen(first), [seen(item) for item in rest]]

    return [look("1", "2", 3), look(1)]


def case_keyword_varargs() -> Any:
    @flow
    def look(**extra: int) -> Any:
        return {key: seen(value) for key, value in sorted(extra.items())}

    return [look(a="1", b=2), look()]


def case_positional_only_and_keyword_only() -> Any:
    @flow
    def look(a: int, /, b: int, *, c: int = 3) -> Any:
        return [a, b, c]

    return [look(1, 2), look(1, b=2, c=4), outcome(lambda: look(1, 2, 3))["raised"]]


def case_varargs_are_not_validated() -> Any:
    @flow
    def look(*numbers: int) -> Any:
        return list(numbers)

    return outcome(lambda: look(1, "x"))


def case_parameters_named_like_pydantic_methods() -> Any:
    def build(names: str) -> Any:
        space: dict[str, Any] = {}
        exec(f"def look({names}=1): return {names}", space)
        return outcome(lambda: flow(space["look"])(5))

    return [build("copy"), build("schema"), build("json"), build("keys")]


def case_a_parameter_named_flow() -> Any:
    @flow
    def look(flow: str, task: str, name: str) -> Any:
        return [flow, task, name]

    return look("a", "b", "c")


def case_reserved_parameter_names_of_flows() -> Any:
    def with_return_state(return_state: bool = False) -> None: ...
    def with_wait_for(wait_for: Any = None) -> None: ...

    return [error_kind(flow, with_return_state), error_kind(flow, with_wait_for)]


def case_reserved_parameter_names_of_tasks() -> Any:
    def with_return_state(return_state: bool = False) -> None: ...
    def with_wait_for(wait_for: Any = None) -> None: ...

    return [error_kind(task, with_return_state), error_kind(task, with_wait_for)]


def case_tasks_do_not_validate_their_parameters() -> Any:
    @task
    def look(x: int) -> Any:
        return seen(x)

    return look("5")


def case_a_task_called_with_wrong_arguments() -> Any:
    @task
    def takes(x: int) -> None: ...

    return [
        error_kind(takes, mentions=("takes", "x")),
        error_kind(takes, 1, 2, mentions=("takes",)),
        error_kind(takes, q=1, mentions=("takes", "q")),
        error_kind(takes.submit, 1, 2),
    ]


def case_an_async_flow_with_a_missing_argument_raises_at_the_call() -> Any:
    @flow
    async def takes(x: int) -> None: ...

    return outcome(takes)["raised"]


def case_final_state_of_a_flow_with_a_good_model() -> Any:
    @flow
    def greet(user: User) -> str:
        return f"hello {user.name}"

    return [greet({"name": "Ada"}), state_facts(greet(User(name="Bo"), return_state=True))]
