"""Parameters of flows: binding, validation and coercion."""

import dataclasses
import datetime
import enum
import pathlib
import uuid
from typing import Annotated, Any, Literal, Optional, Union

import pydantic
from prefect import flow
from prefect.runtime import flow_run
from typing_extensions import TypedDict

from tests.oracle.harness import aoutcome, outcome


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


def case_text_to_int() -> Any:
    return [
        coerced(int, "5"),
        coerced(int, "x"),
        coerced(int, 5.0),
        coerced(int, 5.5),
        coerced(int, True),
    ]


def case_int_to_text_is_refused() -> Any:
    return [coerced(str, 5), coerced(str, "5"), coerced(str, None)]


def case_to_float() -> Any:
    return [coerced(float, "1.5"), coerced(float, 2), coerced(float, "many")]


def case_to_bool() -> Any:
    return [coerced(bool, value) for value in (True, "true", "no", 1, 0, "maybe", 2)]


def case_to_bytes() -> Any:
    return [coerced(bytes, "text"), coerced(bytes, b"raw"), coerced(bytes, 1)]


def case_list_of_ints() -> Any:
    return [coerced(list[int], value) for value in (["1", 2], (1, 2), {3}, "12", [1, "x"])]


def case_set_and_tuple() -> Any:
    return [
        coerced(set[int], ["1", 1]),
        coerced(tuple[int, str], [1, "a"]),
        coerced(tuple[int, str], [1]),
    ]


def case_dict_of_ints() -> Any:
    return [
        coerced(dict[str, int], {"a": "1"}),
        coerced(dict[str, int], {"a": "x"}),
        coerced(dict[str, int], []),
    ]


def case_optional() -> Any:
    return [coerced(Optional[int], value) for value in (None, "3", "x")]  # noqa: UP045 - users write it


def case_union_of_int_and_text() -> Any:
    return [coerced(Union[int, str], value) for value in (3, "3", "x", 1.5)]  # noqa: UP007 - users do


def case_union_written_with_a_bar() -> Any:
    return [coerced(int | None, value) for value in (None, "3", "x")]


def case_literal() -> Any:
    return [coerced(Literal["a", "b"], "a"), coerced(Literal["a", "b"], "c")]


def case_enum_from_its_value() -> Any:
    return [
        coerced(Color, "red"),
        coerced(Color, Color.BLUE),
        coerced(Color, "green"),
        coerced(Color, "RED"),
    ]


def case_datetime_from_text() -> Any:
    return [
        coerced(datetime.datetime, "2024-01-02T03:04:05"),
        coerced(datetime.datetime, "2024-01-02T03:04:05Z"),
        coerced(datetime.datetime, "soon"),
        coerced(datetime.date, "2024-01-02"),
        coerced(datetime.timedelta, 90),
        coerced(datetime.timedelta, "PT5M"),
    ]


def case_path_and_uuid_from_text() -> Any:
    return [
        coerced(pathlib.Path, "a/b")[1],
        coerced(uuid.UUID, "00000000-0000-0000-0000-000000000001")[0],
        coerced(uuid.UUID, "none"),
    ]


def case_pydantic_model_from_dict() -> Any:
    return [
        coerced(User, {"name": "Ada"}),
        coerced(User, {"name": "Ada", "age": "36"}),
        coerced(User, User(name="Bo")),
        coerced(User, {"age": 1}),
        coerced(User, "Ada"),
    ]


def case_list_of_pydantic_models() -> Any:
    return coerced(list[User], [{"name": "Ada"}, User(name="Bo")])


def case_dataclass_from_dict() -> Any:
    return [coerced(Point, {"x": "1"}), coerced(Point, Point(1, 2)), coerced(Point, {"y": 1})]


def case_typed_dict() -> Any:
    return [coerced(Options, {"size": "3"}), coerced(Options, {})]


def case_annotated_constraints() -> Any:
    positive = Annotated[int, pydantic.Field(gt=0)]
    return [coerced(positive, "5"), coerced(positive, -1)]


def case_any_and_object() -> Any:
    return [coerced(Any, 3), coerced(object, "x")]


def case_arbitrary_class_by_instance() -> Any:
    class Engine:
        def __str__(self) -> str:
            return "engine"

    return [coerced(Engine, Engine()), coerced(Engine, 3)]


def case_without_annotation_nothing_is_coerced() -> Any:
    @flow
    def look(x):
        return seen(x)

    return [look("5"), look(5), look([1])]


def case_text_annotations_are_resolved() -> Any:
    @flow
    def look(x: "int") -> Any:
        return seen(x)

    return look("5")


def case_the_error_type_and_message_of_an_invalid_parameter() -> Any:
    @flow(name="pricing")
    def pricing(amount: int, rate: float) -> None: ...

    error = outcome(lambda: pricing("x", rate="y"))
    return [error["raised"], error["message"].splitlines()[:3]]


def case_an_invalid_parameter_and_the_final_state() -> Any:
    @flow
    def takes(x: int) -> None: ...

    state = takes("x", return_state=True)
    return [state.type.value, state.name, (state.message or "").split("\n")[0]]


def case_the_body_does_not_run_on_an_invalid_parameter() -> Any:
    ran: list[int] = []

    @flow(retries=2)
    def takes(x: int) -> None:
        ran.append(x)

    takes("x", return_state=True)
    return ran


def case_validate_parameters_false_passes_anything() -> Any:
    @flow(validate_parameters=False)
    def look(x: int, user: User) -> Any:
        return [seen(x), type(user).__name__]

    return [look("5", {"name": "Ada"}), look.should_validate_parameters]


def case_a_valid_model_keeps_its_identity() -> Any:
    user = User(name="Ada")

    @flow
    def same(u: User) -> bool:
        return u is user

    return same(user)


def case_a_valid_list_is_equal_but_may_be_a_copy() -> Any:
    items = [1, 2]

    @flow
    def look(xs: list[int]) -> bool:
        return xs == items

    return look(items)


def case_changing_a_mutable_argument() -> Any:
    items: list[int] = []

    @flow
    def change(xs: list[int]) -> None:
        xs.append(1)

    change(items)
    return items


def case_validate_parameters_method() -> Any:
    @flow
    def takes(x: int, y: float = 1.0) -> None: ...

    return [
        takes.validate_parameters({"x": "3"}),
        takes.validate_parameters({"x": 3, "y": "2"}),
        outcome(takes.validate_parameters, {"x": "q"})["raised"],
    ]


def case_serialize_parameters_method() -> Any:
    @flow
    def takes(x: Any, y: Any = None) -> None: ...

    return takes.serialize_parameters({"x": {1, 2}, "y": datetime.date(2024, 1, 2)})


async def case_an_async_flow_with_an_invalid_parameter() -> Any:
    @flow
    async def takes(x: int) -> None: ...

    return (await aoutcome(takes("x")))["raised"]


def case_an_invalid_parameter_of_a_child_flow_fails_the_parent() -> Any:
    @flow
    def child(x: int) -> None: ...

    @flow
    def parent() -> None:
        child("x")

    state = parent(return_state=True)
    return [state.type.value, (state.message or "").split("\n")[0]]


def case_a_validated_parameter_reaches_runtime_and_hooks() -> Any:

    @flow
    def look(x: int, y: int = 4) -> Any:
        return {key: seen(value) for key, value in flow_run.parameters.items()}

    return look("5")


def case_the_parameter_schema_of_a_flow() -> Any:
    @flow
    def takes(x: int, y: str = "a", z: float | None = None) -> None:
        """
        Does it.

        Args:
            x: how many
        """

    schema = takes.parameters.model_dump()
    return {
        "title": schema["title"],
        "type": schema["type"],
        "required": schema["required"],
        "properties": {
            name: {
                key: value
                for key, value in sorted(field.items())
                if key in ("type", "default", "position", "title")
            }
            for name, field in sorted(schema["properties"].items())
        },
    }


def case_a_strict_model_is_respected() -> Any:
    class Strict(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(strict=True)
        n: int

    return [coerced(Strict, {"n": 1}), coerced(Strict, {"n": "1"})]


def case_a_validator_of_a_model_runs() -> Any:
    class Even(pydantic.BaseModel):
        n: int

        @pydantic.field_validator("n")
        @classmethod
        def even(cls, value: int) -> int:
            if value % 2:
                raise ValueError("odd")
            return value

    return [coerced(Even, {"n": 2}), coerced(Even, {"n": 3})]


def case_a_secret_parameter_stays_secret() -> Any:
    @flow
    def look(token: pydantic.SecretStr) -> Any:
        return [str(token), token.get_secret_value()]

    return look("hush")
