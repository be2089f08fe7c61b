"""Serializers: how a result becomes bytes and a result again.

Each class has a `type` by which it can be named: "pickle", "json", "compressed",
"compressed/pickle", "compressed/json", or whatever a class derived from `Serializer` gives itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic

from noria.core.errors import SerializationError
from noria.values import pickling
from noria.values.imports import from_qualified_name
from noria.values.json_objects import json_object_decoder, json_object_encoder

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    D = TypeVar("D", default=Any)
else:
    # The default is for type checkers; typing_extensions would take longer to load than all this.
    from typing import TypeVar

    D = TypeVar("D")

_CLOUDPICKLE = "cloudpickle"
_ENCODER = "noria.serializers.json_object_encoder"
_DECODER = "noria.serializers.json_object_decoder"
_MISSING = object()
_by_type: dict[str, type[Serializer[Any]]] = {}


class Serializer(Generic[D]):
    """Turns objects of type `D` into bytes and back.

    `Serializer(type="json")` makes the serializer of that name. A class of yours gives itself a
    name by a class attribute `type`, lists its options as annotated class attributes, and defines
    `dumps` and `loads`; a constructor of its own passes `type` on.

    Args:
        type: The name of the serializer, to choose one by name.
        options: Values for the annotated attributes of the class.

    Raises:
        ValueError: No serializer has this name, or an option is missing.
        TypeError: An option is unknown.

    >>> Serializer(type="json").dumps({"a": 1})
    b'{"a": 1}'
    """

    type: str = "__base__"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = _default(vars(cls).get("type"))
        if isinstance(name, str):
            _by_type[name] = cls

    def __new__(cls, *args: Any, type: str | None = None, **options: Any) -> Serializer[Any]:
        """Choose the class by name, when it is asked for by name."""
        if type is None or cls is not Serializer:
            return super().__new__(cls)
        chosen = _by_type.get(type)
        if chosen is None:
            raise ValueError(
                f"There is no serializer of type {type!r}; known are "
                f"{', '.join(sorted(_by_type))}. "
                "One of your own is known once the module that defines it is imported."
            )
        return super().__new__(chosen)

    def __init__(self, *, type: str | None = None, **options: Any) -> None:
        defaults = _options(self.__class__)
        self.type = str(_default(getattr(self.__class__, "type", "__base__")))
        if type not in (None, self.type):
            raise ValueError(f"{self.__class__.__name__} is of type {self.type!r}, not {type!r}.")
        for unknown in options.keys() - defaults.keys():
            raise TypeError(
                f"{self.__class__.__name__} has no option {unknown!r}; "
                f"it has {', '.join(defaults) or 'none'}."
            )
        for name, value in {**defaults, **options}.items():
            if value is _MISSING:
                raise ValueError(f"{self.__class__.__name__} needs the option {name!r}.")
            setattr(self, name, value)

    def dumps(self, obj: D) -> bytes:
        """The bytes of an object."""
        raise NotImplementedError

    def loads(self, blob: bytes) -> D:
        """The object of bytes made by `dumps`."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Type and options: what makes an equal serializer again."""
        return {"type": self.type, **self._chosen()}

    def _chosen(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _options(type(self))}

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.settings() == other.settings()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        chosen = {"type": self.type, **self._chosen()}
        shown = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
        return f"{type(self).__name__}({shown})"


def _options(cls: type) -> dict[str, Any]:
    """Names and defaults of the annotated attributes, those of base classes first."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if not issubclass(base, Serializer) or base is Serializer:
            continue
        for name, annotation in getattr(base, "__annotations__", {}).items():
            if name != "type" and not name.startswith("_") and "ClassVar" not in str(annotation):
                found[name] = _default(vars(base).get(name, _MISSING))
    return found


def _default(value: Any) -> Any:
    """The default that a class attribute stands for: of a pydantic `Field(...)`, its own."""
    if type(value).__name__ != "FieldInfo":
        return value
    if value.default_factory is not None:
        return value.default_factory()
    return _MISSING if value.is_required() else value.default


class PickleSerializer(Serializer[D]):
    """Any object, by pickle.

    Args:
        picklelib: Dotted name of a module with `dumps` and `loads`. The default takes plain pickle
            where that works and cloudpickle where it does not.
        picklelib_version: Kept for you; not looked at.

    Raises:
        ValueError: The module cannot be imported or lacks these functions.
    """

    type = "pickle"
    picklelib: str = _CLOUDPICKLE
    picklelib_version: str | None = None

    def __init__(
        self,
        *,
        picklelib: str = _CLOUDPICKLE,
        picklelib_version: str | None = None,
        type: str | None = None,
    ) -> None:
        if picklelib != _CLOUDPICKLE:
            _check_library(picklelib, "picklelib", ("dumps", "loads"))
        super().__init__(type=type, picklelib=picklelib, picklelib_version=picklelib_version)

    def dumps(self, obj: D) -> bytes:
        """The pickle of an object.

        Raises:
            SerializationError: It cannot be pickled; the message names the part at fault.
        """
        if self.picklelib == _CLOUDPICKLE:
            return pickling.dumps(obj)
        return from_qualified_name(self.picklelib).dumps(obj)  # type: ignore[no-any-return]

    def loads(self, blob: bytes) -> D:
        """The object of a pickle."""
        if self.picklelib == _CLOUDPICKLE:
            return pickling.loads(blob)  # type: ignore[no-any-return]
        return from_qualified_name(self.picklelib).loads(blob)  # type: ignore[no-any-return]


class JSONSerializer(Serializer[D]):
    """Plain data as JSON; models, dataclasses, enums, dates, sets and exceptions with their class.

    Args:
        jsonlib: Dotted name of a module with `dumps` and `loads`, such as "orjson".
        object_encoder: Dotted name of what is called for an object that JSON does not know; None
            for an error.
        object_decoder: Dotted name of what is called for each JSON object read; None to keep dicts.
        dumps_kwargs: More keywords for `dumps`.
        loads_kwargs: More keywords for `loads`.

    Raises:
        ValueError: The keywords contain `default` or `object_hook`, which have options here.
    """

    type = "json"
    jsonlib: str = "json"
    object_encoder: str | None = _ENCODER
    object_decoder: str | None = _DECODER
    dumps_kwargs: dict[str, Any]
    loads_kwargs: dict[str, Any]

    def __init__(
        self,
        *,
        jsonlib: str = "json",
        object_encoder: str | None = _ENCODER,
        object_decoder: str | None = _DECODER,
        dumps_kwargs: Mapping[str, Any] | None = None,
        loads_kwargs: Mapping[str, Any] | None = None,
        type: str | None = None,
    ) -> None:
        super().__init__(
            type=type,
            jsonlib=jsonlib,
            object_encoder=object_encoder,
            object_decoder=object_decoder,
            dumps_kwargs=_without(dumps_kwargs, "default", "object_encoder"),
            loads_kwargs=_without(loads_kwargs, "object_hook", "object_decoder"),
        )

    def dumps(self, obj: D) -> bytes:
        """The JSON of an object, in UTF-8.

        Raises:
            SerializationError: Something in it has no form in JSON.
        """
        keywords = dict(self.dumps_kwargs)
        if self.object_encoder:
            keywords["default"] = _callable(self.object_encoder)
        text = from_qualified_name(self.jsonlib).dumps(obj, **keywords)
        return text.encode() if isinstance(text, str) else bytes(text)

    def loads(self, blob: bytes) -> D:
        """The object of JSON made by `dumps`."""
        keywords = dict(self.loads_kwargs)
        if self.object_decoder:
            keywords["object_hook"] = _callable(self.object_decoder)
        return from_qualified_name(self.jsonlib).loads(blob.decode(), **keywords)  # type: ignore[no-any-return]


class CompressedSerializer(Serializer[D]):
    """What another serializer makes, compressed.

    Args:
        serializer: The other serializer, or its type.
        compressionlib: Dotted name of a module with `compress` and `decompress`.

    Raises:
        ValueError: No serializer was given, or the module lacks these functions.
    """

    type = "compressed"
    serializer: Serializer[Any]
    compressionlib: str = "lzma"

    def __init__(
        self,
        *,
        serializer: str | Serializer[Any] | Mapping[str, Any] | None = None,
        compressionlib: str = "lzma",
        type: str | None = None,
    ) -> None:
        if serializer is None:
            raise ValueError(
                "CompressedSerializer needs the option 'serializer', such as 'pickle'."
            )
        _check_library(compressionlib, "compressionlib", ("compress", "decompress"))
        super().__init__(
            type=type, serializer=resolve_serializer(serializer), compressionlib=compressionlib
        )

    def dumps(self, obj: D) -> bytes:
        """The compressed bytes of an object."""
        raw = self.serializer.dumps(obj)
        return bytes(from_qualified_name(self.compressionlib).compress(raw))

    def loads(self, blob: bytes) -> D:
        """The object of bytes made by `dumps`."""
        raw = from_qualified_name(self.compressionlib).decompress(blob)
        return self.serializer.loads(raw)  # type: ignore[no-any-return]

    def settings(self) -> dict[str, Any]:
        """Type and options, with those of the serializer inside."""
        return {**super().settings(), "serializer": self.serializer.settings()}


class CompressedPickleSerializer(CompressedSerializer[D]):
    """Compressed pickle."""

    type = "compressed/pickle"

    def __init__(
        self,
        *,
        serializer: str | Serializer[Any] | Mapping[str, Any] = "pickle",
        compressionlib: str = "lzma",
        type: str | None = None,
    ) -> None:
        super().__init__(serializer=serializer, compressionlib=compressionlib, type=type)


class CompressedJSONSerializer(CompressedSerializer[D]):
    """Compressed JSON."""

    type = "compressed/json"

    def __init__(
        self,
        *,
        serializer: str | Serializer[Any] | Mapping[str, Any] = "json",
        compressionlib: str = "lzma",
        type: str | None = None,
    ) -> None:
        super().__init__(serializer=serializer, compressionlib=compressionlib, type=type)


def resolve_serializer(given: str | Serializer[Any] | Mapping[str, Any]) -> Serializer[Any]:
    """The serializer that a user or a stored result means.

    Args:
        given: A serializer, a type, the settings of one, or these settings as JSON.

    Raises:
        ValueError: There is none of that type, or it has no such options.
    """
    if isinstance(given, Serializer):
        return given
    if isinstance(given, str):
        given = json.loads(given) if given.startswith("{") else {"type": given}
    if not isinstance(given, Mapping):
        raise ValueError(f"A serializer is given by type or as a Serializer; found {given!r}.")
    return Serializer(**given)


def format_of(serializer: Serializer[Any]) -> str:
    """The text from which `resolve_serializer` makes an equal serializer; mostly its type."""
    settings = serializer.settings()
    plain = _by_type.get(serializer.type)
    if plain is type(serializer) and serializer == _made_plainly(plain):
        return serializer.type
    return json.dumps(settings, ensure_ascii=False)


def _made_plainly(cls: Callable[..., Serializer[Any]]) -> Serializer[Any] | None:
    try:
        return cls()
    except ValueError:
        return None


def bounded_dumps(value: object, limit: int | None, serializer: Serializer[Any]) -> bytes | None:
    """The bytes of a value, or None when there are more than `limit` of them.

    Pickling stops as soon as the limit is passed; any other serializer is asked for all bytes.

    Raises:
        SerializationError: It cannot be serialized; the message names the part at fault.
    """
    if type(serializer) is PickleSerializer and serializer.picklelib == _CLOUDPICKLE:
        return pickling.bounded_dumps(value, limit)
    try:
        blob = serializer.dumps(value)
    except SerializationError:
        raise
    except Exception as error:
        raise SerializationError(
            f"The {serializer.type!r} serializer cannot write the result, "
            f"a {type(value).__qualname__}: {error}"
        ) from error
    return None if limit is not None and len(blob) > limit else blob


def _callable(name: str) -> Callable[[Any], Any]:
    # The usual two are here already, and need no module of a layer above to be loaded.
    if name == _ENCODER:
        return json_object_encoder
    if name == _DECODER:
        return json_object_decoder
    return from_qualified_name(name)  # type: ignore[no-any-return]


def _without(keywords: Mapping[str, Any] | None, reserved: str, instead: str) -> dict[str, Any]:
    found = dict(keywords or {})
    if reserved in found:
        raise ValueError(f"{reserved!r} cannot be given as a keyword; use the option {instead!r}.")
    return found


def _check_library(name: str, option: str, needed: tuple[str, ...]) -> None:
    try:
        library = from_qualified_name(name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{option} is {name!r}, which cannot be imported: {error}") from error
    for function in needed:
        if not callable(getattr(library, function, None)):
            raise ValueError(f"{option} is {name!r}, which has no function {function!r}.")
