"""Walking through nested collections."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from noria.core.annotations import BaseAnnotation, quote
from noria.engine.collections import record_fields, with_fields

T = TypeVar("T")

__all__ = [
    "StopVisiting",
    "batched_iterable",
    "distinct",
    "ensure_iterable",
    "isiterable",
    "listrepr",
    "visit_collection",
]


class StopVisiting(BaseException):
    """Raised by a `visit_fn`: the value stays as it is and is not entered."""


def isiterable(obj: Any) -> bool:
    """Whether `obj` can be iterated over and is not one thing, as texts, bytes and files are.

    Example:
        >>> isiterable([1]), isiterable("text")
        (True, False)
    """
    if isinstance(obj, str | bytes | io.IOBase):
        return False
    try:
        iter(obj)
    except TypeError:
        return False
    return True


def ensure_iterable(obj: Any) -> Collection[Any]:
    """A sequence or set as it is, anything else in a list of one."""
    return obj if isinstance(obj, list | tuple | set | frozenset | str | range) else [obj]


def listrepr(objs: Iterable[Any], sep: str = " ") -> str:
    """The reprs of some objects with `sep` between them."""
    return sep.join(map(repr, objs))


def batched_iterable(iterable: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Tuples of `size` items each, of fewer at the end.

    Example:
        >>> list(batched_iterable("abc", 2))
        [('a', 'b'), ('c',)]
    """
    rest = iter(iterable)
    while batch := tuple(itertools.islice(rest, size)):
        yield batch


def distinct(iterable: Iterable[T], key: Callable[[T], Hashable] | None = None) -> Iterator[T]:
    """The items without those that came before.

    Parameters:
        iterable: The items.
        key: What of an item is compared; the item itself by default.
    """
    seen: set[Hashable] = set()
    for item in iterable:
        mark: Any = item if key is None else key(item)
        if mark not in seen:
            seen.add(mark)
            yield item


def visit_collection(
    expr: Any,
    visit_fn: Callable[..., Any],
    return_data: bool = False,
    max_depth: int = -1,
    context: dict[str, Any] | None = None,
    remove_annotations: bool = False,
) -> Any:
    """Call `visit_fn` on a value and on everything nested in it.

    Parameters:
        expr: The value; lists, tuples, sets, dicts, dataclasses and pydantic models are entered.
        visit_fn: Called with each element (and `context`, if given).
        return_data: Rebuild the value from what `visit_fn` returns.
        max_depth: How deep to go; -1 has no limit.
        context: Handed to `visit_fn`, a copy on each level.
        remove_annotations: Whether marks are taken off in the rebuilt value.

    Returns:
        The rebuilt value, or None.

    Example:
        >>> visit_collection([1, {"a": 2}], lambda x: x * 10 if isinstance(x, int) else x, True)
        [10, {'a': 20}]
    """
    context = None if context is None else dict(context)
    result = visit_fn(expr) if context is None else visit_fn(expr, context)
    if return_data:
        expr = result
    if max_depth == 0:
        return expr if return_data else None

    def visit(nested: Any) -> Any:
        return visit_collection(
            nested, visit_fn, return_data, max_depth - 1, context, remove_annotations
        )

    rebuilt = _visit_inside(expr, visit, remove_annotations)
    return rebuilt if return_data else None


def _visit_inside(expr: Any, visit: Callable[[Any], Any], remove_annotations: bool) -> Any:
    if isinstance(expr, quote):
        return expr.unquote() if remove_annotations else expr
    if isinstance(expr, BaseAnnotation):
        value = visit(expr.unwrap())
        return value if remove_annotations else expr.rewrap(value)
    if isinstance(expr, list | tuple | set):
        items = [visit(item) for item in expr]
        return type(expr)(*items) if hasattr(expr, "_fields") else type(expr)(items)
    if isinstance(expr, dict):
        return {visit(key): visit(value) for key, value in expr.items()}
    fields = record_fields(expr)
    if fields is None:
        return expr
    visited = {name: visit(value) for name, value in fields.items()}
    changed = {name: value for name, value in visited.items() if value is not fields[name]}
    return with_fields(expr, changed) if changed else expr
