"""Masking of pandas and polars frames: each different value of a column is masked once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noria.privacy.texts import is_missing
from noria.privacy.values import Mask, masked_value

if TYPE_CHECKING:
    from noria.privacy.masker import Masker


def pandas(data: Any, masker: Masker) -> Any:
    """A masked copy of a pandas frame or series. Names of index levels count as columns, too."""
    import pandas as library

    if isinstance(data, library.Series):
        masker.check([data.name])
        mask = masker.of(data.name)
        return data.copy() if mask is None else _pandas_column(data, mask)
    if not isinstance(data, library.DataFrame):
        raise TypeError(f"A Masker was given a pandas {type(data).__name__}; expected a DataFrame.")
    names: list[Any] = list(data.columns)
    labels = [label for name in names for label in (name if isinstance(name, tuple) else (name,))]
    masker.check([*labels, *(name for name in data.index.names if name is not None)])
    columns = [_pandas_masked(data.iloc[:, i], name, masker) for i, name in enumerate(names)]
    index = _index(data.index, masker)
    found = library.concat(columns, axis=1) if columns else data.copy()
    found.columns = data.columns
    found.index = index
    return found


def _pandas_masked(column: Any, name: object, masker: Masker) -> Any:
    labels = name if isinstance(name, tuple) else (name,)
    masks = [mask for mask in map(masker.of, labels) if mask is not None]
    # Positions instead of the index: one with doubles could not be put together again.
    column = column.reset_index(drop=True)
    return _pandas_column(column, masks[0]) if masks else column.copy()


def _index(index: Any, masker: Masker) -> Any:
    import pandas as library

    masks = [None if name is None else masker.of(name) for name in index.names]
    if not any(masks):
        return index
    levels = [
        values if mask is None else _pandas_column(values.to_series().reset_index(drop=True), mask)
        for values, mask in zip(
            map(index.get_level_values, range(index.nlevels)), masks, strict=True
        )
    ]
    if index.nlevels == 1:
        return library.Index(levels[0], name=index.name)
    return library.MultiIndex.from_arrays(levels, names=index.names)


def _pandas_column(column: Any, mask: Mask) -> Any:
    import numpy as np
    import pandas as library

    try:
        codes, uniques = library.factorize(column)
    except TypeError:
        # Lists and dicts cannot be told apart by their hash.
        each = [masked_value(value, mask) for value in column]
        return library.Series(each, index=column.index, name=column.name, dtype=object)
    table = np.empty(len(uniques) + 1, dtype=object)
    table[:-1] = [masked_value(value, mask) for value in uniques]
    values = table.take(codes)
    missing = codes == -1
    if missing.any():
        values[missing] = column[missing].astype(object).to_numpy()
    found = library.Series(values, index=column.index, name=column.name, dtype=object)
    if isinstance(column.dtype, library.StringDtype | library.CategoricalDtype):
        kind: Any = (
            "category" if isinstance(column.dtype, library.CategoricalDtype) else column.dtype
        )
        return found.astype(kind)
    return found


def polars(data: Any, masker: Masker) -> Any:
    """A masked copy of a polars frame or series; a lazy frame is collected for it."""
    import polars as library

    if isinstance(data, library.LazyFrame):
        return polars(data.collect(), masker).lazy()
    if isinstance(data, library.Series):
        masker.check([data.name])
        mask = masker.of(data.name)
        return data.clone() if mask is None else _polars_column(data, mask)
    if not isinstance(data, library.DataFrame):
        raise TypeError(f"A Masker was given a polars {type(data).__name__}; expected a DataFrame.")
    masker.check(data.columns)
    masked = [
        _polars_column(column, mask)
        for column in data
        if (mask := masker.of(column.name)) is not None
    ]
    return data.with_columns(masked)


def _polars_column(column: Any, mask: Mask) -> Any:
    import polars as library

    if column.dtype.is_nested() or column.dtype == library.Object:
        each = [masked_value(value, mask) for value in column.to_list()]
        return library.Series(column.name, each, strict=False)
    if column.dtype in (library.Categorical, library.Enum):
        column = column.cast(library.String)
    uniques = column.unique().to_list()
    table = {value: None if is_missing(value) else masked_value(value, mask) for value in uniques}
    each = [table.get(value) for value in column.to_list()]
    if all(value is None or isinstance(value, str) for value in table.values()):
        return library.Series(column.name, each, dtype=library.String)
    return library.Series(column.name, each, strict=False)
