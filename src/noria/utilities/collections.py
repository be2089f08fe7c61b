"""Walking through nested collections."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from noria.core.annotations import BaseAnnotation, opaque
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
    *,
    return_data: bool = False,
    max_depth: int = -1,
    context: dict[str, Any] | None = None,
    remove_annotations: bool = False,
) -> Any:
    """Call `visit_fn` on a value and on everything nested in it.

    Parameters:
        expr: The value; lists, tuples, sets, dicts (with their keys), dataclasses, pydantic models
            and marks are entered, generators are not.
        visit_fn: Called with each element (and `context`, if given); it may raise `StopVisiting`.
        return_data: Rebuild the value from what `visit_fn` returns; what does not change stays the
            same object.
        max_depth: How deep to go; -1 has no limit.
        context: Handed to `visit_fn`, a copy on each level; `annotation` in it is the innermost
            mark around the element.
        remove_annotations: Whether marks are taken off in the rebuilt value.

    Returns:
        The rebuilt value, or None.

    Example:
        >>> def tenfold(x):
        ...     return x * 10 if isinstance(x, int) else x
        >>> visit_collection([1, {"a": 2}], tenfold, return_data=True)
        [10, {'a': 20}]
    """
    visited = _Visit(visit_fn, return_data, remove_annotations).visit(expr, max_depth, context)
    return visited if return_data else None


class _Visit:
    """One walk through a value."""

    def __init__(
        self, visit_fn: Callable[..., Any], return_data: bool, remove_annotations: bool
    ) -> None:
        self._visit_fn = visit_fn
        self._return_data = return_data
        self._remove_annotations = remove_annotations
        self._met: dict[int, tuple[Any, Any]] = {}
        """Id -> the object, kept so that the id stays its own, and what became of it."""

    def visit(self, expr: Any, depth: int, context: dict[str, Any] | None) -> Any:
        """What becomes of a value."""
        try:
            given = self._call(expr, context)
        except StopVisiting:
            return expr
        value = given if self._return_data else expr
        if depth == 0:
            return value
        met = self._met.get(id(value))
        if met is not None:
            return met[1]
        self._met[id(value)] = (value, value)
        rebuilt = self._enter(value, depth - 1, context)
        self._met[id(value)] = (value, rebuilt)
        return rebuilt

    def _call(self, expr: Any, context: dict[str, Any] | None) -> Any:
        return self._visit_fn(expr) if context is None else self._visit_fn(expr, context)

    def _enter(self, value: Any, depth: int, context: dict[str, Any] | None) -> Any:
        if isinstance(value, BaseAnnotation):
            return self._enter_mark(value, depth, context)
        if not isinstance(value, list | tuple | set | dict):
            return self._enter_record(value, depth, context)
        inside = [*value, *value.values()] if isinstance(value, dict) else list(value)
        visited = [self._nested(item, depth, context) for item in inside]
        if all(new is old for new, old in zip(visited, inside, strict=True)):
            return value
        if isinstance(value, dict):
            keys, items = visited[: len(value)], visited[len(value) :]
            return type(value)(zip(keys, items, strict=True))
        return type(value)(*visited) if hasattr(value, "_fields") else type(value)(visited)

    def _nested(self, item: Any, depth: int, context: dict[str, Any] | None) -> Any:
        return self.visit(item, depth, None if context is None else dict(context))

    def _enter_mark(
        self, mark: BaseAnnotation[Any], depth: int, context: dict[str, Any] | None
    ) -> Any:
        if context is not None:
            context["annotation"] = mark
        inner = mark.unwrap()
        value = self._nested(inner, 0 if isinstance(mark, opaque) else depth, context)
        if self._remove_annotations:
            return value
        return mark if value is inner else mark.rewrap(value)

    def _enter_record(self, value: Any, depth: int, context: dict[str, Any] | None) -> Any:
        fields = None if isinstance(value, type) else record_fields(value)
        if fields is None:
            return value
        visited = {name: self._nested(item, depth, context) for name, item in fields.items()}
        changed = {name: item for name, item in visited.items() if item is not fields[name]}
        return with_fields(value, changed) if changed else value
