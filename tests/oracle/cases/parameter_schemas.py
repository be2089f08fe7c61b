"""What a signature becomes as a JSON schema."""

import datetime
import decimal
import enum
import pathlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Union

import pydantic
from prefect import flow
from prefect.utilities.callables import parameter_schema
from typing_extensions import TypedDict


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Place(pydantic.BaseModel):
    """Where."""

    city: str
    zip: int = pydantic.Field(default=0, ge=0, description="The code.")


class Order(pydantic.BaseModel):
    place: Place
    items: list[str] = []


@dataclass
class Point:
    x: int
    y: int = 0


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Options(TypedDict):
    deep: bool


class Opaque:
    pass


def schema(function: Any) -> Any:
    found = parameter_schema(function)
    return {
        "title": found.title,
        "type": found.type,
        "properties": found.properties,
        "required": found.required,
        "definitions": found.definitions,
    }


def case_plain_types() -> Any:
    def f(a: int, b: str, c: float, d: bool, e: bytes, g: None = None): ...

    return schema(f)


def case_defaults() -> Any:
    def f(a: int = 1, b: str = "x", c: float = 1.5, d: bool = True, e: Any = None, g=3): ...

    return schema(f)


def case_nothing_is_said() -> Any:
    def f(a, b=None, c=()): ...

    return schema(f)


def case_no_parameters() -> Any:
    def f(): ...

    return schema(f)


def case_optional_and_unions() -> Any:
    def f(
        a: int | None,
        b: str | None = None,
        c: int | str = 1,
        d: Union[int, list[int]] = 2,  # noqa: UP007 - as older code has it
        e: int = None,  # type: ignore[assignment]  # noqa: RUF013 - as older code has it
    ): ...

    return schema(f)


def case_collections() -> Any:
    def f(
        a: list[int],
        b: dict[str, float],
        c: tuple[int, str],
        d: set[int],
        e: list,
        g: dict,
        h: Sequence[str] = (),
        i: list[dict[str, int]] = [],  # noqa: B006 - a user's own
        j: tuple[int, ...] = (1,),
    ): ...

    return schema(f)


def case_times() -> Any:
    def f(
        a: datetime.datetime,
        b: datetime.date,
        c: datetime.time,
        d: datetime.timedelta,
        e: datetime.datetime = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        g: datetime.date = datetime.date(2026, 1, 2),
        h: datetime.timedelta = datetime.timedelta(minutes=5),
    ): ...

    return schema(f)


def case_choices() -> Any:
    def f(
        a: Literal["x", "y"],
        b: Colour,
        c: Literal[1, 2] = 1,
        d: Colour = Colour.RED,
        e: Level = Level.LOW,
        g: Colour | None = None,
    ): ...

    return schema(f)


def case_models() -> Any:
    def f(a: Place, b: Order, c: list[Place], d: Place | None = None): ...

    return schema(f)


def case_a_default_that_is_a_model() -> Any:
    def f(a: Place = Place(city="here")): ...  # noqa: B008

    return schema(f)


def case_other_shapes() -> Any:
    def f(a: Point, b: Options, c: uuid.UUID, d: pathlib.Path, e: decimal.Decimal): ...

    return schema(f)


def case_a_named_tuple() -> Any:
    def f(a: Pair): ...

    return schema(f)


def case_what_json_does_not_know() -> Any:
    def f(a: Opaque, b: Any = Opaque, c: type = int): ...

    found = schema(f)
    return [found["required"], {name: sorted(each) for name, each in found["properties"].items()}]


def case_with_conditions() -> Any:
    def f(
        a: Annotated[int, pydantic.Field(ge=1, le=9, description="Up to nine.")],
        b: int = pydantic.Field(default=3, gt=0, description="More than nothing."),
        c: str = pydantic.Field(min_length=2),
        d: pydantic.PositiveInt = 4,
    ): ...

    return schema(f)


def case_a_docstring_of_google() -> Any:
    def f(a: int, b: str = "x"):
        """Does it.

        Args:
            a: The first,
                over two lines.
            b (str): The second.

        Returns:
            Nothing.
        """

    return schema(f)


def case_a_docstring_of_numpy() -> Any:
    def f(a: int, b: str = "x"):
        """Does it.

        Parameters
        ----------
        a : int
            The first.
        b : str, optional
            The second.
        """

    return schema(f)


def case_a_docstring_of_sphinx() -> Any:
    def f(a: int, b: str = "x"):
        """Does it.

        :param a: The first.
        :param b: The second.
        """

    return schema(f)


def case_any_number() -> Any:
    def f(a: int, *args: int, b: str = "x", **kwargs: Any): ...

    found = schema(f)
    return [found["required"], sorted(found["properties"])]


def case_keyword_only() -> Any:
    def f(a: int, *, b: str, c: int = 1): ...

    return schema(f)


def case_names_in_quotes() -> Any:
    def f(a: "int", b: "list[str] | None" = None, c: "Place | None" = None): ...

    return schema(f)


def case_of_a_flow() -> Any:
    @flow
    def f(a: int, b: str = "x"):
        """Does it.

        Args:
            a: The first.
        """

    return [f.parameters.model_dump(), schema(f)]


def case_names_that_pydantic_has_itself() -> Any:
    def f(model_config: int = 1, schema: str = "x", json: int = 2, copy: bool = True): ...

    return schema(f)


def case_of_a_deployment() -> Any:
    @flow
    def f(a: int, b: list[Place] = []):  # noqa: B006
        """Does it."""

    made = f.to_deployment("x")
    return getattr(made, "parameter_openapi_schema", None) or (
        made._parameter_openapi_schema.model_dump()
    )
