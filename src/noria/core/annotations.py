"""Marks that a caller puts around an argument to say how Noria is to treat it."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class BaseAnnotation(tuple[T], Generic[T]):
    """A value with a mark; a one-element tuple, so that it unpacks anywhere."""

    __slots__ = ()

    def __new__(cls, value: T) -> BaseAnnotation[T]:
        return super().__new__(cls, (value,))

    value: Any = property(itemgetter(0))

    def unwrap(self) -> T:
        """The value without the mark."""
        return self[0]

    def rewrap(self, value: T) -> BaseAnnotation[T]:
        """The same mark around another value."""
        return type(self)(value)

    def __getnewargs__(self) -> tuple[T]:
        # For pickle, which would otherwise make the tuple itself the value.
        return (self[0],)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and super().__eq__(other)

    def __hash__(self) -> int:
        return hash((type(self), *self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self[0]!r})"


class unmapped(BaseAnnotation[T]):
    """Give the value whole to every run of a `Task.map`, instead of one element to each."""

    __slots__ = ()

    def __getitem__(self, _: object) -> T:  # type: ignore[override]
        return super().__getitem__(0)


class allow_failure(BaseAnnotation[T]):
    """Let a task start although this upstream failed; it is given the exception instead."""

    __slots__ = ()


class quote(BaseAnnotation[T]):
    """Pass the value untouched: nothing inside it is looked for or resolved."""

    __slots__ = ()

    def unquote(self) -> T:
        """The value without the mark."""
        return self.unwrap()


class Quote(quote[T]):
    """The older spelling of `quote`; warns that it is one."""

    __slots__ = ()

    def __new__(cls, value: T) -> Quote[T]:
        import warnings  # noqa: PLC0415 - for an old spelling only

        message = "`Quote` is deprecated: use `quote` instead."
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return cast("Quote[T]", super().__new__(cls, value))


class opaque(BaseAnnotation[T]):
    """Resolve a future at the top, but do not look inside what it gives."""

    __slots__ = ()


class freeze(BaseAnnotation[T]):
    """Keep a parameter of a deployment from being changed by who starts a run.

    Raises:
        ValueError: The value has no JSON form.
    """

    __slots__ = ()

    def __new__(cls, value: T) -> freeze[T]:
        import pydantic_core  # noqa: PLC0415 - for deployments only

        try:
            pydantic_core.to_json(value)
        except Exception as exc:
            raise ValueError(
                f"Value must be JSON serializable; a frozen {type(value).__name__} is not: {exc}"
            ) from exc
        return cast("freeze[T]", super().__new__(cls, value))

    def unfreeze(self) -> T:
        """The value without the mark."""
        return self.unwrap()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # noqa: PLC0415 - comes with pydantic

        unwrap = core_schema.plain_serializer_function_ser_schema(lambda mark: mark.unfreeze())
        return core_schema.no_info_after_validator_function(
            cls, core_schema.any_schema(), serialization=unwrap
        )


class NotSet:
    """Stands for an option that was not given where None would mean something."""
