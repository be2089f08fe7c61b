"""Arrays and frames of numpy, pandas, polars and pyarrow: type, shape and content."""

from __future__ import annotations

from typing import Any

from noria.values.kinds.objects import reduced
from noria.values.walk import Walk, digest, node, reference, scalar

# Frames without a buffer of their own are read in pieces of so many rows, whatever their size.
_ROWS = 1 << 18


def array(value: Any, walk: Walk) -> bytes:
    """A numpy array: dtype, shape, and its bytes, or its elements when they are objects."""
    dtype = value.dtype
    layout = node("layout", scalar(str(dtype.descr if dtype.names else dtype)), scalar(value.shape))
    if dtype.hasobject or dtype.kind == "T":
        return node("array of", layout, walk.encode(value.ravel().tolist()))
    walk.take(value.nbytes)
    if not value.nbytes:
        return node("array", layout, scalar(b""))
    return node("array", layout, scalar(digest(value.ravel().view("u1").data)))


def array_scalar(value: Any, walk: Walk) -> bytes:
    """A numpy scalar, which is not the Python number that it equals."""
    if value.dtype.hasobject:
        return reduced(value, walk)
    return node("array scalar", scalar(str(value.dtype)), scalar(value.tobytes()))


def pandas_frame(value: Any, walk: Walk) -> bytes:
    """A DataFrame: class, labels, and column by column."""
    columns = [
        walk.part(value.iloc[:, position], f"[{label!r}]")
        for position, label in enumerate(value.columns)
    ]
    index = walk.part(value.index, ".index")
    labels = walk.part(value.columns, ".columns")
    return node("frame", reference(type(value)), index, labels, *columns)


def pandas_series(value: Any, walk: Walk) -> bytes:
    """A Series: class, name, index and values."""
    return node(
        "series",
        reference(type(value)),
        walk.encode(value.name),
        walk.part(value.index, ".index"),
        _pandas_values(value, walk),
    )


def pandas_index(value: Any, walk: Walk) -> bytes:
    """An Index: class, name and labels."""
    name = walk.encode(value.name)
    if type(value).__name__ == "RangeIndex":
        return node("range index", name, scalar((value.start, value.stop, value.step)))
    return node("index", reference(type(value)), name, _pandas_values(value, walk))


def pandas_multi_index(value: Any, walk: Walk) -> bytes:
    """A MultiIndex: level by level, as labels, since equal ones may be coded differently."""
    levels = [
        walk.part(value.get_level_values(position), f".get_level_values({position})")
        for position in range(value.nlevels)
    ]
    return node("multi index", reference(type(value)), *levels)


def pandas_extension_array(value: Any, walk: Walk) -> bytes:
    """An array with a dtype of pandas' own."""
    dtype = value.dtype
    kind = scalar(str(dtype))
    if hasattr(value, "codes") and hasattr(value, "categories"):
        ordered = scalar(bool(value.ordered))
        return node("categories", ordered, walk.encode(value.codes), walk.encode(value.categories))
    if hasattr(value, "asi8"):
        return node("moments", kind, walk.encode(value.asi8))
    if hasattr(value, "sp_values"):
        return node("sparse", kind, walk.encode(value.to_numpy()))
    missing = value.isna()
    plain = getattr(dtype, "numpy_dtype", None)
    if plain is not None and not plain.hasobject and plain.kind in "biuf":
        content = value.to_numpy(dtype=plain, na_value=plain.type(0))
    else:
        content = value.to_numpy(dtype=object, copy=True)
        content[missing] = None
    return node("extension", kind, walk.encode(missing), walk.encode(content))


def _pandas_values(value: Any, walk: Walk) -> bytes:
    held = value.array
    is_numpy = hasattr(held.dtype, "hasobject")
    return walk.part(held.to_numpy() if is_numpy and not hasattr(held, "asi8") else held, ".array")


def polars_frame(value: Any, walk: Walk) -> bytes:
    """A polars DataFrame: column by column."""
    columns = [walk.part(column, f"[{column.name!r}]") for column in value.get_columns()]
    return node("polars frame", reference(type(value)), scalar(value.height), *columns)


def polars_series(value: Any, walk: Walk) -> bytes:
    """A polars Series: name, dtype and values."""
    walk.take(value.estimated_size())
    pieces = [
        walk.encode(value.slice(start, _ROWS).to_list()) for start in range(0, len(value), _ROWS)
    ]
    return node("polars series", scalar(value.name), scalar(repr(value.dtype)), *pieces)


def arrow_table(value: Any, walk: Walk) -> bytes:
    """A pyarrow Table or RecordBatch: schema, and column by column."""
    names = value.schema.names
    columns = [
        walk.part(value.column(position), f"[{name!r}]") for position, name in enumerate(names)
    ]
    return node("arrow table", scalar(str(value.schema)), scalar(value.num_rows), *columns)


def arrow_array(value: Any, walk: Walk) -> bytes:
    """A pyarrow array, chunked or not: type and values."""
    walk.take(value.nbytes)
    pieces = [
        walk.encode(value.slice(start, _ROWS).to_pylist()) for start in range(0, len(value), _ROWS)
    ]
    return node("arrow array", scalar(str(value.type)), *pieces)
