"""`Task.map`: from iterable parameters to the parameters of each call."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from noria.core.annotations import BaseAnnotation, allow_failure, opaque, quote, unmapped
from noria.core.errors import MappingLengthMismatch, MappingMissingIterable
from noria.core.hashing import blake2b
from noria.core.states import State
from noria.engine.collections import SCALARS
from noria.engine.context import flow_context
from noria.engine.futures import Future

_MARKS = (allow_failure, opaque, quote)


class Expansion:
    """The parameters of each call of a map, made one by one."""

    def __init__(
        self,
        iterable: dict[str, list[Any]],
        static: dict[str, Any],
        marks: dict[str, BaseAnnotation[Any]],
        order: tuple[str, ...],
        var_keyword: str | None,
    ) -> None:
        self._iterable = iterable
        self._static = static
        self._marks = marks
        self._order = order
        self._var_keyword = var_keyword
        self._length = len(next(iter(iterable.values())))

    def __len__(self) -> int:
        return self._length

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that differ from call to call."""
        return tuple(self._iterable)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for index in range(self._length):
            yield self._parameters(index)

    def _parameters(self, index: int) -> dict[str, Any]:
        found: dict[str, Any] = dict(self._static)
        for name, values in self._iterable.items():
            found[name] = values[index]
        for name, mark in self._marks.items():
            found[name] = mark.rewrap(found[name])
        ordered = {name: found.pop(name) for name in self._order if name in found}
        if self._var_keyword is not None:
            ordered[self._var_keyword] = found
        return ordered


def expand(task: Any, parameters: dict[str, Any]) -> Expansion:
    """Tell iterable from static parameters; a future stands for what it gives.

    Raises:
        MappingMissingIterable: No parameter is iterable.
        MappingLengthMismatch: The iterables differ in length.
    """
    spec = task.spec
    flat = {name: _settled(value) for name, value in parameters.items()}
    if spec.var_keyword is not None:
        flat.update(flat.pop(spec.var_keyword, None) or {})
    iterable: dict[str, list[Any]] = {}
    static: dict[str, Any] = {}
    marks: dict[str, BaseAnnotation[Any]] = {}
    for name, given in flat.items():
        value = given
        if isinstance(value, _MARKS):
            marks[name] = value
            value = _settled(value.unwrap())
        if isinstance(value, unmapped):
            static[name] = value.value
        elif _is_iterable(value):
            iterable[name] = list(value)
        else:
            static[name] = value
    if not iterable:
        raise MappingMissingIterable(
            "No iterable parameters were received. Parameters for map must "
            f"include at least one iterable. Parameters: {parameters}"
        )
    lengths = {name: len(values) for name, values in iterable.items()}
    if len(set(lengths.values())) > 1:
        raise MappingLengthMismatch(
            "Received iterable parameters with different lengths. Parameters for map"
            f" must all be the same length. Got lengths: {lengths}"
        )
    for name in spec.defaults:
        if name not in flat:
            static[name] = spec.default(name)
    order = tuple(name for name in spec.names if name != spec.var_keyword)
    return Expansion(iterable, static, marks, order, spec.var_keyword)


def note_elements(parameters: dict[str, Any]) -> None:
    """Remember of the elements of a result that is mapped over that they came from it."""
    context = flow_context.get()
    if context is None:
        return
    lineage = context.execution.lineage
    for given in parameters.values():
        value = _settled(given.unwrap() if isinstance(given, _MARKS) else given)
        origin = lineage.origin(value) if isinstance(value, list | tuple) else None
        if origin is None or origin.identity is None:
            continue
        for index, element in enumerate(value):
            if type(element) not in SCALARS and lineage.origin(element) is None:
                place = index.to_bytes(8, "big")
                identity = blake2b(origin.identity + place, digest_size=16).digest()
                lineage.note(element, origin.task_run, identity, origin.group)


def _settled(value: Any) -> Any:
    """What a future or state gives; its elements are what is mapped over."""
    if isinstance(value, Future):
        return value.result()
    if isinstance(value, State):
        return value.data
    return value


def _is_iterable(value: Any) -> bool:
    if isinstance(value, str | bytes | io.IOBase):
        return False
    try:
        iter(value)
    except TypeError:
        return False
    return True
