"""What of an object counts: fields, state, code, the content of files."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import os
import pickle
import socket
import threading
import types
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pydantic
import pytest

from noria.core.errors import NoriaException
from noria.values.digest import Undigestable, content_digest, digest_named


def compiled(source: str) -> Any:
    """The function `f` of a piece of source, as a file would define it."""
    namespace: dict[str, Any] = {"__name__": "pipeline"}
    exec(compile(source, "pipeline.py", "exec"), namespace)
    return namespace["f"]


def differ(one: Any, other: Any) -> bool:
    return content_digest(one) != content_digest(other)


@dataclasses.dataclass
class Job:
    id: int
    lock: Any = None

    def __post_init__(self) -> None:
        self.not_a_field = threading.Lock()


class Derived(Job):
    pass


class Client(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    url: str
    inner: Any = None
    _session: Any = pydantic.PrivateAttr(default_factory=threading.Lock)


class Stateful:
    def __init__(self, number: int) -> None:
        self.number = number
        self.lock = threading.Lock()

    def __getstate__(self) -> dict[str, int]:
        return {"number": self.number}


def test_only_fields_of_a_dataclass_count() -> None:
    assert content_digest(Job(1)) == content_digest(Job(1))
    assert differ(Job(1), Job(2))


def test_a_class_derived_from_a_dataclass_counts_by_its_whole_state() -> None:
    with pytest.raises(Undigestable, match="not_a_field"):
        content_digest(Derived(1))


def test_only_fields_of_a_model_count() -> None:
    assert content_digest(Client(url="a")) == content_digest(Client(url="a"))
    assert differ(Client(url="a"), Client(url="b"))
    assert differ(Client(url="a", inner=1), Client(url="a", inner=2))


def test_an_object_may_say_itself_what_counts() -> None:
    assert content_digest(Stateful(1)) == content_digest(Stateful(1))
    assert differ(Stateful(1), Stateful(2))


def test_the_order_of_an_ordered_dict_counts() -> None:
    assert differ(OrderedDict(a=1, b=2), OrderedDict(b=2, a=1))


def test_a_file_counts_by_its_content_and_path(tmp_path: Path) -> None:
    file = tmp_path / "数据.csv"
    missing = content_digest(file)
    file.write_text("a,b")
    first = content_digest(file)
    os.utime(file, (1, 1))
    assert content_digest(file) == first
    file.write_text("a,c")
    assert len({missing, first, content_digest(file)}) == 3
    twin = tmp_path / "twin.csv"
    twin.write_text("a,c")
    assert differ(file, twin)


def test_a_folder_and_a_pure_path_count_by_their_text(tmp_path: Path) -> None:
    before = content_digest(tmp_path)
    (tmp_path / "new").touch()
    assert content_digest(tmp_path) == before


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert len(content_digest(tmp_path / "pipe")) == 16


def test_a_function_counts_by_its_code_not_by_where_it_stands() -> None:
    function = compiled("def f(x):\n    return x + 1")
    moved = compiled("\n\n# a comment\ndef f(x):\n    # another\n    return x + 1")
    assert content_digest(function) == content_digest(moved)


@pytest.mark.parametrize(
    "changed",
    [
        "def f(x):\n    return x + 2",
        "def f(x):\n    return x - 1",
        "def f(y):\n    return y + 1",
        "def f(x=1):\n    return x + 1",
        "def f(*, x):\n    return x + 1",
        "async def f(x):\n    return x + 1",
        "def f(x):\n    return (lambda: x + 1)()",
    ],
)
def test_an_edited_function_is_another_one(changed: str) -> None:
    assert differ(compiled("def f(x):\n    return x + 1"), compiled(changed))


def test_an_edited_inner_function_is_another_one() -> None:
    source = "def f(x):\n    def g():\n        return {}\n    return g"
    assert differ(compiled(source.format(1)), compiled(source.format(2)))


def test_what_a_function_closes_over_counts() -> None:
    def adder(by: Any) -> Callable[[int], Any]:
        return lambda x: x + by

    assert content_digest(adder(1)) == content_digest(adder(1))
    assert differ(adder(1), adder(2))
    with pytest.raises(Undigestable, match=r"^add.__closure__\['by'\] is a '_thread.lock'"):
        content_digest(adder(threading.Lock()), "add")


def test_a_function_that_refers_to_itself_has_a_digest() -> None:
    def factorial(n: int) -> int:
        return n * factorial(n - 1) if n else 1

    assert len(content_digest(factorial)) == 16


def test_a_variable_that_is_not_set_yet_can_be_closed_over() -> None:
    def inner() -> Any:
        return later

    before = content_digest(inner)
    later = 1
    assert content_digest(inner) != before


def test_an_edited_class_is_another_one() -> None:
    source = "class f:\n    def run(self):\n        return {}"
    assert differ(compiled(source.format(1)), compiled(source.format(2)))
    assert content_digest(compiled(source.format(1))) == content_digest(compiled(source.format(1)))


def test_a_method_counts_with_its_object() -> None:
    assert differ(Stateful(1).__getstate__, Stateful(2).__getstate__)


def test_partials_count_by_what_they_hold() -> None:
    assert differ(functools.partial(int, "1"), functools.partial(int, "2"))
    assert differ(functools.partial(int, base=2), functools.partial(int, base=8))


def test_layout_of_an_array_does_not_count_but_shape_and_type_do() -> None:
    numbers = numpy.arange(12)
    grid = numbers.reshape(3, 4)
    assert content_digest(grid) == content_digest(numpy.asfortranarray(grid))
    assert content_digest(numbers[::2]) == content_digest(numbers[::2].copy())
    assert differ(grid, grid.reshape(4, 3))
    assert differ(numbers, numbers.astype("int32"))
    changed = numbers.copy()
    changed[5] = 0
    assert differ(numbers, changed)


def test_the_mask_of_an_array_counts() -> None:
    numbers = numpy.arange(2)
    hidden = numpy.ma.masked_array(numbers, mask=[True, False])
    assert differ(hidden, numpy.ma.masked_array(numbers, mask=[False, True]))


FRAME = pandas.DataFrame({"n": [1, 2, 3], "s": ["x", None, "z"], "f": [0.5, float("nan"), 1.5]})


@pytest.mark.parametrize(
    "changed",
    [
        FRAME.assign(n=[1, 2, 4]),
        FRAME.assign(s=["x", "y", "z"]),
        FRAME.assign(n=FRAME["n"].astype("int32")),
        FRAME.assign(s=FRAME["s"].astype("category")),
        FRAME.rename(columns={"n": "m"}),
        FRAME[["s", "n", "f"]],
        FRAME.iloc[::-1],
        FRAME.iloc[:2],
        FRAME.set_index("n", drop=False),
        FRAME.rename_axis("row"),
        FRAME["n"].to_frame(),
    ],
)
def test_what_makes_a_frame_another_one(changed: pandas.DataFrame) -> None:
    assert differ(FRAME, changed)


def test_a_frame_copied_cut_or_put_together_is_the_same() -> None:
    assert content_digest(FRAME.copy()) == content_digest(FRAME)
    assert content_digest(pandas.concat([FRAME.iloc[:1], FRAME.iloc[1:]])) == content_digest(
        pandas.concat([FRAME.iloc[:2], FRAME.iloc[2:]])
    )


def test_a_frame_may_have_a_column_name_twice() -> None:
    twice = pandas.DataFrame([[1, 2]], columns=["a", "a"])
    assert differ(twice, pandas.DataFrame([[2, 1]], columns=["a", "a"]))


def test_the_codes_of_an_index_do_not_count() -> None:
    full = pandas.MultiIndex.from_product([[1, 2, 3], ["a", "b"]])
    part = full[full.get_level_values(0) < 3]
    assert content_digest(part) == content_digest(part.remove_unused_levels())


def test_pieces_of_a_polars_frame_do_not_count() -> None:
    whole = polars.DataFrame({"n": [1, 2, None], "s": ["x", "y", "z"]})
    pieces = polars.concat([whole[:1], whole[1:]], rechunk=False)
    assert pieces.n_chunks() == 2
    assert content_digest(pieces) == content_digest(whole)
    assert differ(whole, whole.with_columns(n=polars.col("n").cast(polars.Int8)))


def generator() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (threading.Lock, "_thread.lock"),
        (threading.RLock, "_thread.RLock"),
        (generator, "generator"),
        (lambda: open(os.devnull), "_io.TextIOWrapper"),  # noqa: SIM115 - closed below
        (socket.socket, "socket.socket"),
        (object, "object"),
        (threading.local, "_thread._local"),
    ],
)
def test_what_has_no_content_is_refused_by_name(make: Callable[[], Any], kind: str) -> None:
    value = make()
    with pytest.raises(Undigestable) as caught:
        content_digest({"client": [value]}, "cfg")
    getattr(value, "close", int)()
    assert str(caught.value) == (f"cfg['client'][0] is a {kind!r}, which has no content to hash")
    assert caught.value.type_name == kind
    assert caught.value.path == "cfg['client'][0]"
    assert caught.value.name == "cfg"


class Holder:
    def __init__(self, part: Any) -> None:
        self.part = part

    def get(self) -> Any:
        return self.part


class SlotHolder:
    __slots__ = ("part",)

    def __init__(self, part: Any) -> None:
        self.part = part


LOCK = threading.Lock()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (Holder(LOCK), "x.part"),
        (SlotHolder(LOCK), "x.part"),
        (Job(1, LOCK), "x.lock"),
        (Client(url="a", inner=Holder([LOCK])), "x.inner.part[0]"),
        ({1: (0, LOCK)}, "x[1][1]"),
        (types.MappingProxyType({"a": LOCK}), "x['a']"),
        (functools.partial(int, LOCK), "x.args[0]"),
        (Holder(LOCK).get, "x.__self__.part"),
        (asyncio.Queue(), None),
        (pandas.DataFrame({"a": [LOCK]}), "x['a'].array[0]"),
        (numpy.array([LOCK]), "x[0]"),
        (OrderedDict(a=LOCK), "x['a']"),
        ({LOCK}, "x{…}"),
        (ValueError(LOCK), "x.args[0]"),
    ],
)
def test_the_path_to_what_is_refused(value: Any, path: str | None) -> None:
    if path is None:
        assert len(content_digest(value)) == 16
        return
    with pytest.raises(Undigestable) as caught:
        digest_named({"x": value})
    assert caught.value.path == path
    assert caught.value.type_name == "_thread.lock"


class Treacherous:
    def __getstate__(self) -> Any:
        raise RuntimeError("not now")


def test_an_object_that_fails_to_give_its_state_is_refused_with_its_reason() -> None:
    with pytest.raises(Undigestable, match=r"^x\.part is a '.*Treacherous', .*not now"):
        digest_named({"x": Holder(Treacherous())})


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(Undigestable, match="nested too deeply"):
        content_digest(value)


def test_the_error_is_one_of_ours_and_travels_between_processes() -> None:
    error = Undigestable("a.b", "lock", "which is locked")
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(error, NoriaException)
    assert (str(again), again.path) == ("a.b is a 'lock', which is locked", "a.b")


def test_a_value_is_not_changed_or_used_up() -> None:
    iterator = iter([1, 2])
    content_digest(iterator)
    assert list(iterator) == [1, 2]
