"""The annotations unmapped, allow_failure, quote, opaque, freeze and NotSet."""

import pickle
from typing import Any

import prefect
from prefect.utilities.annotations import (
    BaseAnnotation,
    NotSet,
    allow_failure,
    freeze,
    opaque,
    quote,
    unmapped,
)

from tests.oracle.harness import error_kind

KINDS = (allow_failure, opaque, quote, unmapped)


def case_annotations_at_the_top_level() -> Any:
    return [prefect.unmapped is unmapped, prefect.allow_failure is allow_failure]


def case_repr() -> Any:
    return [repr(kind([1, "a"])) for kind in KINDS]


def case_value_and_unwrap() -> Any:
    return [[kind(5).value, kind(5).unwrap()] for kind in KINDS]


def case_rewrap_keeps_the_kind() -> Any:
    return [repr(kind(1).rewrap(2)) for kind in KINDS]


def case_equality() -> Any:
    return [
        unmapped(1) == unmapped(1),
        unmapped(1) == unmapped(2),
        unmapped(1) == quote(1),
        quote([1]) == quote([1]),
        quote(1) == (1,),
    ]


def case_an_annotation_is_a_tuple_of_one() -> Any:
    return [
        isinstance(quote(1), tuple),
        isinstance(quote(1), BaseAnnotation),
        len(quote(1)),
        quote("x")[0],
    ]


def case_unpacking() -> Any:
    (value,) = allow_failure("v")
    return value


def case_unmapped_is_the_same_at_every_index() -> Any:
    value = unmapped("all")
    return [value[0], value[5], value[-1]]


def case_quote_unquote() -> Any:
    return quote({"a": 1}).unquote()


def case_two_values_are_refused() -> Any:
    return [error_kind(lambda kind=kind: kind(1, 2)) for kind in KINDS]


def case_no_value_is_refused() -> Any:
    return [error_kind(kind) for kind in KINDS]


def case_freeze() -> Any:
    frozen = freeze("x")
    return [frozen.unfreeze(), repr(frozen), error_kind(lambda: freeze(object()))]


def case_notset_is_a_class() -> Any:
    return [isinstance(NotSet, type), bool(NotSet)]


def case_annotations_can_be_pickled() -> Any:

    return [repr(pickle.loads(pickle.dumps(kind([1])))) for kind in KINDS]


def case_annotations_of_annotations() -> Any:
    return [
        repr(unmapped(allow_failure(1))),
        unmapped(allow_failure(1)).unwrap() == allow_failure(1),
    ]
