"""Pickles of bounded size, and sentences about what cannot be pickled."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.errors import SerializationError
from noria.values import pickling, scripts
from noria.values.digest import content_digest

LOCK = threading.Lock()


class Client:
    def __init__(self, part: Any) -> None:
        self._part = part

    def part(self) -> Any:
        return self._part


class Careful(Client):
    def __getstate__(self) -> dict[str, Any]:
        return {"kept": "only this"}


@given(st.none() | st.integers() | st.text() | st.binary() | st.lists(st.floats(allow_nan=False)))
def test_what_was_pickled_comes_back(value: Any) -> None:
    assert pickling.loads(pickling.dumps(value)) == value


def test_functions_without_a_name_come_back() -> None:
    by = 3
    assert pickling.loads(pickling.dumps(lambda x: x * by))(2) == 6


def test_classes_of_a_function_come_back() -> None:
    class Local:
        number = 5

    assert pickling.loads(pickling.dumps(Local())).number == 5


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, b"x" * 10_000, "水" * 4_000, [0.5] * 2_000, numpy.zeros(2_000), lambda: "x" * 1],
    ids=["text", "bytes", "wide text", "list", "array", "lambda"],
)
def test_more_than_the_limit_is_not_pickled(value: Any) -> None:
    size = len(pickling.dumps(value))
    assert pickling.bounded_dumps(value, size - 1) is None
    assert pickling.bounded_dumps(value, 10) is None
    whole = pickling.bounded_dumps(value, size)
    assert whole is not None
    assert len(whole) == size


class Endless:
    """Pickles as a list that never ends; gives up the test if anybody tries to have all of it."""

    def __reduce__(self) -> Any:
        return list, (), None, self.parts()

    def parts(self) -> Iterator[bytes]:
        for number in range(10_000):
            yield b"%d" % number * 1_000
        raise AssertionError("the writer did not stop")


def test_pickling_stops_at_the_limit() -> None:
    assert pickling.bounded_dumps(Endless(), 100_000) is None


def test_the_memory_of_an_array_is_not_copied_twice() -> None:
    array = numpy.arange(100_000)
    blob = pickling.dumps({"a": array})
    assert (pickle.loads(blob)["a"] == array).all()
    assert len(blob) < array.nbytes + 1_000


def closing_over(content: Any) -> Any:
    return lambda: content


def in_a_ring(part: Any) -> Any:
    ring: list[Any] = []
    ring.extend([ring, {"part": part}])
    return ring


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (LOCK, "result"),
        ({"client": Client(LOCK)}, "result['client']._part"),
        ([0, (1, LOCK)], "result[1][1]"),
        ({1: {"a": LOCK}}, "result[1]['a']"),
        (Client(Client([LOCK])), "result._part._part[0]"),
        (Client({"kept": Careful(LOCK), "lost": LOCK}), "result._part['lost']"),
        (threading.Event(), "result._cond._lock"),
        (closing_over(LOCK), "result.__closure__['content']"),
        (lambda: LOCK, "result.__globals__['LOCK']"),
        (functools.partial(print, LOCK), "result.args[0]"),
        (ValueError("a", LOCK), "result.args[1]"),
        (Client(LOCK).part, "result.__self__._part"),
        ({"ring": in_a_ring(LOCK)}, "result['ring'][1]['part']"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_part_at_fault_is_named(value: Any, path: str) -> None:
    with pytest.raises(SerializationError) as caught:
        pickling.dumps(value)
    assert str(caught.value) == (
        f"{path} is a '_thread.lock', which cannot be pickled: cannot pickle '_thread.lock' object"
    )


class Treacherous:
    def __reduce__(self) -> Any:
        raise RuntimeError("not now")


def test_an_object_that_refuses_says_why() -> None:
    with pytest.raises(SerializationError, match=r"^argument\.x\._part is .*Treacherous.*not now"):
        pickling.bounded_dumps(Client(Treacherous()), None, "argument.x")


def test_what_is_nested_too_deeply_is_said_so() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(SerializationError, match="nested too deeply"):
        pickling.dumps(value)


SCRIPT = """
import dataclasses

@dataclasses.dataclass
class Row:
    x: int
    class Part:
        pass

if __name__ == "__main__":
    import json
    from noria.values import pickling
    from noria.values.digest import content_digest
    blob = pickling.dumps([Row(1), Row.Part])
    print(json.dumps({"blob": blob.hex(), "digest": content_digest(Row(1)).hex()}))
"""


@pytest.fixture
def loaded_script(tmp_path: Path) -> Iterator[ModuleType]:
    """The script, loaded from its file as a resume does."""
    file = tmp_path / "流水线_pipeline.py"
    file.write_text(SCRIPT)
    spec = importlib.util.spec_from_file_location("loaded_for_resume", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    scripts.stand_in_for_main(module)
    yield module
    del sys.modules[module.__name__]
    del scripts._stand_ins[module.__name__]


def output_of(command: list[str]) -> dict[str, str]:
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_what_a_script_made_is_understood_where_it_was_loaded_from_its_file(
    loaded_script: ModuleType,
) -> None:
    assert loaded_script.__file__ is not None
    found = output_of([loaded_script.__file__])
    row, part = pickling.loads(bytes.fromhex(found["blob"]))
    assert type(row) is loaded_script.Row
    assert part is loaded_script.Row.Part
    assert content_digest(loaded_script.Row(1)).hex() == found["digest"]


def test_what_cannot_be_loaded_again_is_pickled_whole() -> None:
    found = output_of(["-c", SCRIPT])
    row, _ = pickling.loads(bytes.fromhex(found["blob"]))
    assert row.x == 1


def test_a_missing_class_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    found = output_of([os.fspath(file)])
    with pytest.raises(AttributeError, match="Row"):
        pickling.loads(bytes.fromhex(found["blob"]))
