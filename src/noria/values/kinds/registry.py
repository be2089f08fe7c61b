"""Which kind a type is of: by the type itself, else by what it is derived from.

Types of libraries stand here by name (top package and qualified name), so that none is imported
and a module that moves within its package changes nothing.
"""

from __future__ import annotations

from typing import Any

from noria.values.kinds import code, containers, objects, tables
from noria.values.walk import Kind

# Only the type itself: what is derived from these says more by `objects.reduced`.
_EXACT: dict[str, Kind] = {
    "builtins.list": containers.sequence,
    "builtins.tuple": containers.sequence,
    "builtins.dict": containers.mapping,
    "builtins.set": containers.plain_set,
    "builtins.frozenset": containers.plain_set,
    "builtins.object": objects.refuse,
    "numpy.ndarray": tables.array,
}

_DERIVED: dict[str, Kind] = {
    "builtins.set": containers.set_subclass,
    "builtins.frozenset": containers.set_subclass,
    "builtins.dict_keys": containers.keys_view,
    "builtins.dict_values": containers.values_view,
    "builtins.dict_items": containers.items_view,
    "builtins.mappingproxy": containers.proxy,
    "builtins.memoryview": containers.memory,
    "builtins.range": objects.range_or_slice,
    "builtins.slice": objects.range_or_slice,
    "builtins.function": code.function,
    "builtins.code": code.code_object,
    "builtins.cell": code.cell,
    "builtins.method": code.method,
    "builtins.builtin_function_or_method": code.builtin,
    "builtins.type": code.cls,
    "builtins.module": code.module,
    "builtins.BaseException": objects.error,
    "functools.partial": code.partial,
    "functools._lru_cache_wrapper": code.caching_function,
    "enum.Enum": objects.enum_member,
    "uuid.UUID": objects.uuid,
    "pathlib.Path": objects.path,
    "pathlib.PurePath": objects.path_text,
    "pydantic.BaseModel": objects.model,
    "numpy.generic": tables.array_scalar,
    "pandas.DataFrame": tables.pandas_frame,
    "pandas.Series": tables.pandas_series,
    "pandas.MultiIndex": tables.pandas_multi_index,
    "pandas.Index": tables.pandas_index,
    "pandas.ExtensionArray": tables.pandas_extension_array,
    "polars.DataFrame": tables.polars_frame,
    "polars.Series": tables.polars_series,
    "pyarrow.Table": tables.arrow_table,
    "pyarrow.RecordBatch": tables.arrow_table,
    "pyarrow.ChunkedArray": tables.arrow_array,
    "pyarrow.Array": tables.arrow_array,
}

# A program that makes classes without end must not have them all kept alive from here.
_REMEMBERED_LIMIT = 2_000
_remembered: dict[type, Kind] = {}


def kind_of(cls: type) -> Kind:
    """How values of a type are encoded."""
    kind = _remembered.get(cls)
    if kind is None:
        if len(_remembered) >= _REMEMBERED_LIMIT:
            _remembered.clear()
        kind = _remembered[cls] = _find(cls)
    return kind


def _find(cls: Any) -> Kind:
    exact = _EXACT.get(_name(cls))
    if exact is not None:
        return exact
    for base in cls.__mro__:
        derived = _DERIVED.get(_name(base))
        if derived is not None:
            return derived
    # Only a class that is itself a dataclass: one derived from it may hold more than the fields.
    if "__dataclass_fields__" in vars(cls):
        return objects.dataclass
    return objects.reduced


def _name(cls: type) -> str:
    return f"{cls.__module__.partition('.')[0]}.{cls.__qualname__}"
