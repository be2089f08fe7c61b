"""Variables: named JSON values that flows and people share.

Example:
    >>> Variable.set("region", "emea", tags=["demo"])
    Variable(name='region', value='emea', tags=['demo'])
    >>> Variable.get("region")
    'emea'
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic

from noria.core import clock
from noria.core.errors import InvalidNameError
from noria.core.jsontext import from_json, to_json
from noria.core.previews import preview
from noria.core.records import VariableRow
from noria.engine.dispatch import async_dispatch, in_thread
from noria.engine.session import open_session

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    # The default is for type checkers; typing_extensions would take longer to load than all this.
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["Variable"]

LONGEST_NAME = 255
LONGEST_VALUE = 65_536
"""Bytes of JSON."""

_NAME = re.compile(r"[a-z0-9_-]+")


class Variable(Generic[T]):
    """A named JSON value.

    Attributes:
        name: Lowercase letters, digits, dashes and underscores; at most 255.
        value: A text, number, truth value, None, or a list or dict of such.
        tags: Texts to sort variables by.

    Raises:
        InvalidNameError: The name is too long or has other characters; a `ValueError`.
        ValueError: The value is not one of these, or has more than 65,536 bytes as JSON.

    Example:
        >>> Variable(name="batch_size", value=500).value
        500
    """

    name: str
    value: T
    tags: list[str] | None

    def __init__(self, *, name: str, value: T, tags: list[str] | None = None) -> None:
        check_name(name)
        check_value(name, value)
        self.name = name
        self.value = value
        self.tags = tags

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variable) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Variable(name={self.name!r}, value={self.value!r}, tags={self.tags!r})"

    @classmethod
    async def aset(
        cls, name: str, value: T, tags: list[str] | None = None, overwrite: bool = False
    ) -> Variable[T]:
        """As `set`, to be awaited."""
        return await in_thread(_set, name, value, tags, overwrite)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.aset(*args, **kwargs))
    def set(
        cls, name: str, value: T, tags: list[str] | None = None, overwrite: bool = False
    ) -> Variable[T]:
        """Set a variable.

        Parameters:
            name: Lowercase letters, digits, dashes and underscores; at most 255.
            value: A text, number, truth value, None, or a list or dict of such.
            tags: Texts to sort variables by.
            overwrite: Whether a variable that is there already may be replaced.

        Returns:
            The variable; in async code an awaitable of it.

        Raises:
            ValueError: There is one of that name and `overwrite` is not set, or name or value
                cannot be used.

        Example:
            >>> Variable.set("limits", {"rows": 10_000}, overwrite=True).value
            {'rows': 10000}
        """
        return _set(name, value, tags, overwrite)

    @classmethod
    async def aget(cls, name: str, default: Any = None) -> Any:
        """As `get`, to be awaited."""
        return await in_thread(_get, name, default)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.aget(*args, **kwargs))
    def get(cls, name: str, default: Any = None) -> Any:
        """The value of a variable.

        Parameters:
            name: The variable.
            default: The answer when there is no such variable.

        Returns:
            The value; in async code an awaitable of it.

        Example:
            >>> Variable.get("never_set", default=3)
            3
        """
        return _get(name, default)

    @classmethod
    async def aunset(cls, name: str) -> bool:
        """As `unset`, to be awaited."""
        return await in_thread(_unset, name)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.aunset(*args, **kwargs))
    def unset(cls, name: str) -> bool:
        """Delete a variable.

        Parameters:
            name: The variable.

        Returns:
            Whether there was one; in async code an awaitable of it.

        Example:
            >>> _ = Variable.set("old", 1, overwrite=True)
            >>> Variable.unset("old"), Variable.unset("old")
            (True, False)
        """
        return _unset(name)


def variable_row(name: str, value: Any, tags: list[str] | None) -> VariableRow:
    """A variable as it is stored.

    Raises:
        ValueError: Name or value cannot be used; says why.
    """
    check_name(name)
    text = check_value(name, value)
    now = clock.now()
    return VariableRow(name, text, to_json([str(tag) for tag in tags or []]), now, now)


def check_name(name: Any) -> None:
    """See that a name can be a variable's.

    Raises:
        InvalidNameError: It cannot; says why.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidNameError(
            f"Variable name {name!r} must only contain lowercase letters, digits, dashes and "
            "underscores."
        )
    if len(name) > LONGEST_NAME:
        raise InvalidNameError(
            f"Variable name {name[:20]!r}… has {len(name)} characters; it may have {LONGEST_NAME}."
        )


def check_value(name: str, value: Any) -> str:
    """The JSON text of a value.

    Raises:
        ValueError: A variable cannot hold it; says where in it and why.
    """
    found = _fault(value, "")
    if found is not None:
        raise ValueError(
            f"Variable {name!r} cannot hold {found}; expected what JSON knows: texts, numbers, "
            "true and false, None, lists, and dicts with texts as keys."
        )
    text = to_json(value)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LONGEST_VALUE:
        raise ValueError(
            f"The value of variable {name!r} has {size:,} bytes as JSON; it may have "
            f"{LONGEST_VALUE:,}. Keep it in a file and its path in the variable."
        )
    return text


def _fault(value: Any, place: str) -> str | None:
    """What of a value JSON does not know, and where; None when all is well."""
    where = f" at {place}" if place else ""
    if value is None or isinstance(value, str | bool | int):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value}{where}"
    if place.count("[") > 50:
        return f"a value nested so deep{where[:60]}"
    if isinstance(value, list | tuple):
        items: Any = enumerate(value)
    elif isinstance(value, Mapping):
        items = value.items()
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            return f"the key {preview(wrong)}{where}"
    else:
        return f"{preview(value)} ({type(value).__name__}){where}"
    found = (_fault(item, f"{place}[{key!r}]") for key, item in items)
    return next((fault for fault in found if fault is not None), None)


def _set(name: str, value: Any, tags: list[str] | None, overwrite: bool) -> Variable[Any]:
    row = open_session().backend.set_variable(variable_row(name, value, tags), overwrite)
    if row is None:
        raise ValueError(f"Variable {name!r} already exists; overwrite=True replaces it.")
    return Variable(name=row.name, value=from_json(row.value), tags=from_json(row.tags))


def _get(name: str, default: Any) -> Any:
    row = open_session().backend.variable(name)
    return default if row is None else from_json(row.value)


def _unset(name: str) -> bool:
    return open_session().backend.unset_variable(name)
