"""Masking of whole tables and records by rules for their columns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeVar, cast

from noria.privacy.ids import digest, key_of
from noria.privacy.masks import mask_email, mask_id_number, mask_name, mask_phone
from noria.privacy.texts import STARS
from noria.privacy.values import Mask, masked_value, rebuilt

T = TypeVar("T")

HASH = "hash"
HIDE = "hide"
_MASKS: dict[str, Mask] = {
    "email": mask_email,
    "phone": mask_phone,
    "name": mask_name,
    "id_number": mask_id_number,
    HIDE: lambda value: STARS,
}
_ANY = "*?["


class Masker:
    """Masks columns of pandas and polars frames, and fields of dicts and lists of dicts.

    What it is given stays as it is; a masked copy is returned. Of a column each different value is
    masked once. Fields of dicts are found at any depth, but not within a cell of a frame; of a list
    or dict under a masked name all values are masked.

    Parameters:
        rules: Column -> `email`, `phone`, `name`, `id_number`, `hash`, `hide` (nothing stays), or a
            function of a value, which is not called for missing ones. Case does not matter in names
            of columns, and `*_email` stands for all that end so; an exact name goes before those.
        key: The key for `hash`; by default `NORIA_PRIVACY_KEY`.
        strict: Refuse data that lacks a column which a rule names exactly: a misspelt rule would
            mask nothing.

    Raises:
        ValueError: There is no such rule.
        ConfigurationError: A column is to be hashed, and there is no key.

    Example:
        >>> mask = Masker({"email": "email", "*phone": "phone", "user_id": "hash"}, key="our key")
        >>> masked = mask([{"user_id": 7, "email": "a@x.cn", "work_phone": 13812345678, "sum": 9}])
        >>> list(masked[0].values())
        ['33d183369f887b91276cf776daa88e8c', '****@x.cn', '138****5678', 9]
    """

    def __init__(
        self,
        rules: Mapping[str, str | Mask],
        *,
        key: str | bytes | None = None,
        strict: bool = True,
    ) -> None:
        secret = key_of(key) if HASH in rules.values() else b""
        self._masks = {
            name.casefold(): _mask_of(name, rule, secret) for name, rule in rules.items()
        }
        self._names = [name for name in rules if not any(sign in name for sign in _ANY)]
        self._strict = strict

    def __call__(self, data: T) -> T:
        """A masked copy; see `mask`."""
        return self.mask(data)

    def mask(self, data: T) -> T:
        """A masked copy of a frame, a series, a dict or a list of dicts.

        Raises:
            ValueError: A column that a rule names is not there; names the nearest.
            TypeError: The data is none of these.
        """
        found: Any = data
        library = type(found).__module__.partition(".")[0]
        if library in ("pandas", "polars"):
            from noria.privacy import frames  # noqa: PLC0415 - loads the library of the frame

            return cast("T", getattr(frames, library)(found, self))
        if not isinstance(found, Mapping | list | tuple):
            raise TypeError(
                f"A Masker was given {type(found).__name__}; expected a pandas or polars frame, "
                "a dict or a list of dicts."
            )
        self.check(set(_keys(found)))
        return cast("T", self._record(found))

    def of(self, column: object) -> Mask | None:
        """The mask of a column; None for one that is left as it is."""
        name = str(column).casefold()
        if name in self._masks:
            return self._masks[name]
        for pattern, mask in self._masks.items():
            if fnmatchcase(name, pattern):
                return mask
        return None

    def check(self, columns: Iterable[object]) -> None:
        """Refuse data that lacks a column which a rule names.

        Raises:
            ValueError: As above.
        """
        known = [str(column) for column in columns]
        folded = {name.casefold() for name in known}
        missing = [name for name in self._names if name.casefold() not in folded]
        if not self._strict or not missing or not known:
            return
        near = difflib.get_close_matches(missing[0], known, 1)
        raise ValueError(
            f"There is no column {', '.join(map(repr, missing))}, so nothing of it was masked."
            + (f" Did you mean {near[0]!r}?" if near else "")
            + f" The columns are: {', '.join(known)}. Pass strict=False if it may be absent."
        )

    def _record(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._field(key, item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return rebuilt(value, [self._record(item) for item in value])
        return value

    def _field(self, key: object, value: Any) -> Any:
        mask = self.of(key)
        return self._record(value) if mask is None else masked_value(value, mask)


def _keys(value: Any) -> Iterable[object]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _keys(item)


def _mask_of(column: str, rule: str | Mask, key: bytes) -> Mask:
    if callable(rule):
        return rule
    if rule == HASH:
        return lambda value: digest(value, key)
    if rule in _MASKS:
        return _MASKS[rule]
    known = [*_MASKS, HASH]
    near = difflib.get_close_matches(str(rule), known, 1)
    raise ValueError(
        f"The rule of column {column!r} is {rule!r}; expected one of {', '.join(known)}, or a "
        "function." + (f" Did you mean {near[0]!r}?" if near else "")
    )
