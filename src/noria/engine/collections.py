"""Looking through arguments for futures, states and marks, and putting values in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from noria.core.annotations import BaseAnnotation, allow_failure, opaque, quote
from noria.core.states import State
from noria.engine.futures import Future, FutureList

SCALARS = frozenset({int, str, float, bool, type(None), bytes, complex})
_CONTAINERS = (list, tuple, dict, set, frozenset)


def holds_references(value: Any, depth: int = 0) -> bool:
    """Whether there is a future, a state or a mark anywhere inside `value`."""
    kind = type(value)
    if kind in SCALARS:
        return False
    if isinstance(value, Future | State | BaseAnnotation):
        return True
    if depth > 64:
        return False
    if kind is list or kind is tuple or kind is set or kind is frozenset:
        return any(holds_references(item, depth + 1) for item in value if type(item) not in SCALARS)
    if isinstance(value, dict):
        return any(
            holds_references(item, depth + 1)
            for pair in value.items()
            for item in pair
            if type(item) not in SCALARS
        )
    fields = record_fields(value)
    if fields is not None:
        return any(holds_references(item, depth + 1) for item in fields.values())
    return isinstance(value, _CONTAINERS) and any(
        holds_references(item, depth + 1) for item in value
    )


def record_fields(value: Any) -> dict[str, Any] | None:
    """The fields of a dataclass instance or a pydantic model; None for anything else."""
    kind = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {
            name: getattr(value, name) for name in kind.__dataclass_fields__ if hasattr(value, name)
        }
    if hasattr(kind, "__pydantic_fields__"):
        return dict(value.__dict__)
    return None


class Visitor:
    """Rebuilds a value with `replace` applied to every future and state in it.

    Parameters:
        replace: Given a future or state and whether its failure is allowed, returns what stands
            in its place.
        keep_marks: Leave marks where they are, and what is quoted as it is.
    """

    def __init__(self, replace: Callable[[Any, bool], Any], keep_marks: bool = False) -> None:
        self._replace = replace
        self._keep_marks = keep_marks
        self._open: set[int] = set()

    def visit(self, value: Any, allowed: bool = False) -> Any:
        """The value with references replaced; the same object when there are none."""
        if type(value) in SCALARS:
            return value
        if isinstance(value, Future | State):
            return self._replace(value, allowed)
        if isinstance(value, BaseAnnotation):
            visit = self._keep_mark if self._keep_marks else self._visit_mark
            return visit(value, allowed)
        if id(value) in self._open:
            return value
        self._open.add(id(value))
        try:
            return self._visit_inside(value, allowed)
        finally:
            self._open.discard(id(value))

    def _keep_mark(self, mark: BaseAnnotation[Any], allowed: bool) -> Any:
        inner = mark.unwrap()
        value = inner if isinstance(mark, quote) else self.visit(inner, allowed)
        return mark if value is inner else mark.rewrap(value)

    def _visit_mark(self, mark: BaseAnnotation[Any], allowed: bool) -> Any:
        if isinstance(mark, quote):
            return mark.unwrap()
        if isinstance(mark, opaque):
            inner = mark.unwrap()
            return self._replace(inner, allowed) if isinstance(inner, Future | State) else inner
        return self.visit(mark.unwrap(), allowed or isinstance(mark, allow_failure))

    def _visit_inside(self, value: Any, allowed: bool) -> Any:
        if isinstance(value, dict):
            pairs = [(self.visit(k, allowed), self.visit(v, allowed)) for k, v in value.items()]
            if all(k is a and v is b for (k, v), (a, b) in zip(pairs, value.items(), strict=True)):
                return value
            return _like(value, dict(pairs))
        if isinstance(value, list | tuple | set | frozenset):
            items = [self.visit(item, allowed) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            if hasattr(value, "_fields"):
                return type(value)(*items)
            return _like(value, items)
        fields = record_fields(value)
        if fields is None:
            return value
        visited = {name: self.visit(item, allowed) for name, item in fields.items()}
        changed = {name: item for name, item in visited.items() if item is not fields[name]}
        return with_fields(value, changed) if changed else value


def _like(original: Any, content: Any) -> Any:
    kind = list if isinstance(original, FutureList) else type(original)
    if kind in _CONTAINERS:
        return kind(content)
    try:
        return kind(content)
    except TypeError:
        # A subclass with a constructor of its own: its plain base will have to do.
        base = next(base for base in _CONTAINERS if isinstance(original, base))
        return base(content)


def with_fields(value: Any, changed: dict[str, Any]) -> Any:
    if hasattr(value, "model_copy"):
        return value.model_copy(update=changed)
    import copy  # noqa: PLC0415 - hardly any argument is a dataclass that holds futures

    duplicate = copy.copy(value)
    for name, item in changed.items():
        object.__setattr__(duplicate, name, item)
    return duplicate


def find_futures(value: Any) -> list[Future[Any]]:
    """All futures inside `value`, in order, whatever marks stand around them."""
    found: list[Future[Any]] = []

    def note(reference: Any, allowed: bool) -> Any:
        if isinstance(reference, Future):
            found.append(reference)
        return reference

    if holds_references(value):
        Visitor(note).visit(value)
    return found
