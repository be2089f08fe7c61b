"""Values of every kind, made anew at each call: equal ones in every process, whatever its seed.

Run as a script it prints their digests, for a test that compares processes.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import logging
import pathlib
import re
import types
import uuid
import zoneinfo
from typing import Any, NamedTuple

import numpy
import pandas
import polars
import pydantic

from noria.values.digest import content_digest


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Config:
    name: str
    sizes: list[int]
    colour: Colour = Colour.RED


@dataclasses.dataclass(slots=True, frozen=True)
class Slotted:
    tags: frozenset[str]


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    at: datetime.datetime
    parts: dict[str, int]


class Plain:
    def __init__(self, content: Any) -> None:
        self.content = content

    def again(self) -> Any:
        return self.content


class OnlySlots:
    __slots__ = ("left", "right")

    def __init__(self, left: Any) -> None:
        self.left = left


class Point(NamedTuple):
    x: int
    y: int


class Tags(set[str]):
    pass


class UserId(str):
    __slots__ = ()


def scale(value: int, by: int = 2, *, names: frozenset[str] = frozenset({"a", "b", "c"})) -> int:
    return value * by if str(value) in {"x", "y", "z"} else len(names)


def closing_over(content: Any) -> Any:
    def inner() -> Any:
        return content

    return inner


@functools.cache
def remembered(value: int) -> int:
    return value


def a_list_in_itself() -> list[Any]:
    ring: list[Any] = [1]
    ring.append({"ring": ring, "names": {"a", "b"}})
    return ring


def zoo() -> dict[str, Any]:
    """The values by name; no two have the same content."""
    utc = datetime.UTC
    days = pandas.date_range("2020-01-01", periods=3)
    return {
        **_plain(),
        "moment": datetime.datetime(2020, 1, 1, tzinfo=utc),
        "naive moment": datetime.datetime(2020, 1, 1),  # noqa: DTZ001 - naive on purpose
        "moment in Paris": datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
        "date": datetime.date(2020, 1, 1),
        "time": datetime.time(1, 2),
        "timedelta": datetime.timedelta(seconds=1),
        "decimal": decimal.Decimal("1.10"),
        "fraction": fractions.Fraction(1, 3),
        "uuid": uuid.UUID(int=5),
        "path": pathlib.Path("/no/such/文件"),
        "pure path": pathlib.PureWindowsPath("c:/no/such"),
        "pattern": re.compile("a+", re.IGNORECASE),
        "enum": Colour.RED,
        "other enum": Colour.GREEN,
        "int enum": Level.LOW,
        "flags": Mode.READ | Mode.WRITE,
        "dataclass": Config("é", [1, 2]),
        "other dataclass": Config("é", [2, 1]),
        "slots": Slotted(frozenset({"a", "b", "c"})),
        "model": Model.model_validate(
            {
                "at": datetime.datetime(2020, 1, 1, tzinfo=utc),
                "parts": {"b": 1, "a": 2},
                "extra": {"x"},
            }
        ),
        "object": Plain({"b": {"x", "y"}}),
        "only slots": OnlySlots({"x", "y", "z"}),
        "named tuple": Point(1, 2),
        "set of mine": Tags({"a", "b", "c"}),
        "text of mine": UserId("1"),
        "function": scale,
        "lambda": lambda value: value + 1,
        "closure": closing_over({"a", "b"}),
        "other closure": closing_over({"a", "c"}),
        "cached function": remembered,
        "method": Plain(1).again,
        "partial": functools.partial(scale, by=3),
        "builtin": len,
        "bound builtin": "a".upper,
        "class": Plain,
        "builtin class": int,
        "generic": list[int],
        "union": int | str,
        "module": json,
        "logger": logging.getLogger("zoo"),
        "error": ValueError("no"),
        "numpy": numpy.arange(6).reshape(2, 3),
        "numpy float": numpy.arange(6.0).reshape(2, 3),
        "numpy flat": numpy.arange(6),
        "numpy big-endian": numpy.arange(6).astype(">i8"),
        "numpy objects": numpy.array([{"b", "a"}, 1, None], dtype=object),
        "numpy records": numpy.zeros(2, dtype=[("a", "i4"), ("b", "O")]),
        "numpy texts": numpy.array(["a", "bb"], dtype=numpy.dtypes.StringDType()),
        "numpy moments": numpy.array(["2020-01-01"], dtype="M8[D]"),
        "numpy empty": numpy.zeros((0, 2)),
        "numpy nothing": numpy.array(5),
        "numpy masked": numpy.ma.masked_array([1, 2], mask=[False, True]),
        "numpy scalar": numpy.float64(1),
        "numpy dtype": numpy.dtype("i4"),
        "frame": pandas.DataFrame({"n": [1, 2], "文": ["x", None], "o": [{"b", "a"}, 1]}),
        "frame by date": pandas.DataFrame({"n": [1, 2, 3]}, index=days),
        "frame without rows": pandas.DataFrame({"n": []}),
        "series": pandas.Series([1, 2, 3], name="n"),
        "series nullable": pandas.Series([1, None], dtype="Int64"),
        "series category": pandas.Series(["a", "b", "a"], dtype="category"),
        "series sparse": pandas.Series([0, 0, 1], dtype="Sparse[int]"),
        "series moments": pandas.Series(days),
        "series zoned moments": pandas.Series(days.tz_localize("Asia/Shanghai")),
        "index": pandas.Index([1, 2, 3], name="n"),
        "range index": pandas.RangeIndex(3),
        "multi index": pandas.MultiIndex.from_product([[1, 2], ["a"]]),
        "intervals": pandas.interval_range(0, 2),
        "periods": pandas.period_range("2020", periods=2),
        "timestamp": pandas.Timestamp("2020-01-01"),
        "NaT": pandas.NaT,
        "NA": pandas.NA,
        "polars": polars.DataFrame({"n": [1, None], "s": ["x", "y"], "l": [[1], [2, 3]]}),
        "polars series": polars.Series("n", [1.5]),
        "polars other name": polars.Series("m", [1.5]),
    }


def _plain() -> dict[str, Any]:
    return {
        "None": None,
        "Ellipsis": ...,
        "int": 1,
        "large int": 10**40,
        "float": 1.0,
        "complex": 1j,
        "True": True,
        "text": "1",
        "Unicode": "水车🎡\ud800",
        "bytes": b"1",
        "bytearray": bytearray(b"1"),
        "memoryview": memoryview(b"1"),
        "empty tuple": (),
        "empty list": [],
        "empty dict": {},
        "empty set": set(),
        "tuple": (1, "1"),
        "list": [1, "1"],
        "nested": {"b": [1, {"c": (2,)}], "a": {3: {"x", "y"}}},
        "odd keys": {(1, 2): "a", None: "b", 1.5: "c"},
        "set": {"a", "b", "c", "d"},
        "frozenset": frozenset({"a", "b", "c", "d"}),
        "mixed set": {1, "a", None, (1, 2)},
        "ring": a_list_in_itself(),
        "range": range(1, 5),
        "slice": slice(1, 5),
        "ordered": collections.OrderedDict(b=1, a=2),
        "counter": collections.Counter("aab"),
        "default": collections.defaultdict(list, a=[1]),
        "deque": collections.deque([1, 2], maxlen=2),
        "keys": {"b": 1, "a": 2}.keys(),
        "values": {"b": 1, "a": 2}.values(),
        "items": {"b": 1, "a": 2}.items(),
        "proxy": types.MappingProxyType({"b": 1, "a": 2}),
        "array": array.array("i", [1, 2]),
    }


if __name__ == "__main__":
    print(json.dumps({name: content_digest(v, name).hex() for name, v in zoo().items()}))  # noqa: T201
