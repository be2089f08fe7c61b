"""Utilities that user code reaches for: hashing, collections, engine helpers."""

import hashlib
import tempfile
import threading
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pydantic
from prefect import flow, task
from prefect.exceptions import HashError
from prefect.futures import resolve_futures_to_results
from prefect.states import Completed
from prefect.utilities.annotations import allow_failure, quote
from prefect.utilities.collections import (
    batched_iterable,
    distinct,
    ensure_iterable,
    isiterable,
    listrepr,
    visit_collection,
)
from prefect.utilities.hashing import file_hash, hash_objects, stable_hash

from tests.oracle.harness import error_kind, outcome, refused


@dataclass
class Box:
    item: Any
    label: str = "l"


class Model(pydantic.BaseModel):
    n: Any
    m: int = 0


def double_ints(value: Any) -> Any:
    return value * 2 if isinstance(value, int) else value


def doubled(value: Any, **options: Any) -> Any:
    return visit_collection(value, visit_fn=double_ints, return_data=True, **options)


def case_stable_hash() -> Any:
    return [stable_hash("a"), stable_hash("a", "b"), stable_hash(b"a"), stable_hash()]


def case_hash_objects_is_stable_and_tells_apart() -> Any:
    return [
        hash_objects(1, "a", x=2) == hash_objects(1, "a", x=2),
        hash_objects({"a": 1, "b": 2}) == hash_objects({"b": 2, "a": 1}),
        hash_objects(1) == hash_objects(2),
        hash_objects(1) == hash_objects("1"),
        hash_objects(1) == hash_objects(1.0),
        hash_objects(None) is None,
        hash_objects() is None,
        isinstance(hash_objects(object), str),
    ]


def case_hash_objects_of_models_and_functions() -> Any:
    return [
        hash_objects(Model(n=1)) == hash_objects(Model(n=1)),
        hash_objects(Model(n=1)) == hash_objects(Model(n=2)),
        hash_objects(Box(1)) == hash_objects(Box(1)),
        isinstance(hash_objects(lambda x: x), str),
    ]


def case_hash_objects_of_something_unhashable() -> Any:

    lock = threading.Lock()
    return [
        hash_objects(lock),
        error_kind(lambda: hash_objects(lock, raise_on_failure=True)),
        HashError.__name__,
    ]


def case_hash_objects_with_another_algorithm() -> Any:

    return [len(hash_objects(1)), len(hash_objects(1, hash_algo=hashlib.sha256))]


def case_file_hash() -> Any:

    with tempfile.NamedTemporaryFile() as file:
        file.write(b"a")
        file.flush()
        return file_hash(file.name) == stable_hash(b"a")


def case_visit_collection_of_containers() -> Any:
    return [
        doubled([1, [2, "x"]]),
        doubled((1, (2,))),
        doubled({1: {"a": 2}}),
        sorted(doubled({1, 2})),
        doubled(5),
        doubled("text"),
    ]


def case_visit_collection_keeps_types() -> Any:

    pair = namedtuple("pair", "a b")
    return [
        type(doubled((1,))).__name__,
        type(doubled({1})).__name__,
        type(doubled(OrderedDict(a=1))).__name__,
        outcome(lambda: type(doubled(pair(1, 2))).__name__),
    ]


def case_visit_collection_of_dataclasses_and_models() -> Any:
    box, model = doubled(Box(1)), doubled(Model(n=[2], m=3))
    return [[box.item, box.label], [model.n, model.m], type(model).__name__]


def case_visit_collection_returns_the_same_object_when_nothing_changes() -> Any:
    value = {"a": ["x"], "b": ("y",)}
    return doubled(value) is value


def case_visit_collection_without_return_data() -> Any:
    seen: list[Any] = []
    result = visit_collection([1, {"a": 2}], visit_fn=seen.append, return_data=False)
    return [result, 1 in seen, 2 in seen]


def case_visit_collection_with_a_depth() -> Any:
    return [doubled([1, [2, [3]]], max_depth=n) for n in (0, 1, 2)]


def case_visit_collection_and_annotations() -> Any:
    return [
        repr(doubled(allow_failure([1]))),
        repr(doubled(allow_failure([1]), remove_annotations=True)),
        repr(doubled(quote([1]))),
    ]


def case_visit_collection_passes_context() -> Any:
    def visit(value: Any, context: dict[str, Any]) -> Any:
        return f"{value}{context['mark']}" if isinstance(value, str) else value

    return visit_collection(["a"], visit_fn=visit, return_data=True, context={"mark": "!"})


def case_visit_collection_of_a_cycle() -> Any:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    return error_kind(doubled, cycle)


def case_visit_collection_of_generators() -> Any:
    def numbers() -> Iterator[int]:
        yield 1

    generator = numbers()
    return doubled(generator) is generator


def case_isiterable() -> Any:
    values: list[Any] = [[], (), {}, set(), "a", b"a", 1, iter([]), range(2)]
    return [isiterable(value) for value in values]


def case_ensure_iterable() -> Any:
    return [ensure_iterable(1), ensure_iterable([1]), ensure_iterable("ab"), ensure_iterable((1,))]


def case_listrepr() -> Any:
    return [listrepr([1, "a"]), listrepr([1, 2], sep="\n")]


def case_batched_iterable() -> Any:
    return [list(batched_iterable([1, 2, 3, 4, 5], 2)), list(batched_iterable([], 2))]


def case_distinct() -> Any:
    return [list(distinct([1, 2, 1, 3])), list(distinct(["a", "B", "b"], key=str.lower))]


def case_resolve_futures_to_results() -> Any:
    @task
    def inc(x: int) -> int:
        return x + 1

    @task
    def bad() -> None:
        raise ValueError("bad")

    @flow
    def f() -> Any:
        return [
            resolve_futures_to_results({"a": [inc.submit(1)], "b": 5}),
            refused(lambda: resolve_futures_to_results([bad.submit()])),
        ]

    return f()


def case_a_state_is_left_alone_by_resolve_futures_to_results() -> Any:
    return resolve_futures_to_results([Completed(data=1)])
