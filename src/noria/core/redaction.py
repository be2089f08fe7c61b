"""Redaction: the secrets that this process knows are masked in whatever Noria writes.

A secret is known once it was loaded from the store, put into a block, or registered. It is found in
the forms that text usually takes on its way to a log (see `noria.core.secret_forms`). While no
secret is known, nothing is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re

MASK = "********"
SHORTEST = 4
"""Characters of the shortest secret that is masked: shorter ones stand in too many words."""


class Redactor:
    """Knows secrets and masks them.

    Attributes:
        on_add: Called with the values that have just become known; another process may have to know
            them too.

    Example:
        >>> redactor = Redactor()
        >>> redactor.add("s3cr3t")
        >>> redactor.mask("password=s3cr3t")
        'password=********'
    """

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._forms: dict[str, None] = {}
        self._compiled: tuple[int, re.Pattern[str] | None, re.Pattern[str] | None, int]
        self._compiled = (0, None, None, 0)
        self.on_add: Callable[[list[str]], None] | None = None

    @property
    def active(self) -> bool:
        """Whether any secret is known."""
        return bool(self._forms)

    @property
    def values(self) -> list[str]:
        """The secrets themselves."""
        return list(self._values)

    def add(self, value: object) -> None:
        """Make a secret known.

        Parameters:
            value: A text, bytes or a number; of lists and mappings, all values in them. True, false
                and what is shorter than four characters is left alone.
        """
        fresh = [text for text in _texts(value) if text not in self._values]
        if not fresh:
            return
        # Encodings and regular expressions are loaded by processes that have secrets.
        from noria.core.secret_forms import forms_of  # noqa: PLC0415 - see above

        for text in fresh:
            # Both are dicts, whose insertions no lock has to guard.
            self._forms.update(dict.fromkeys(forms_of(text, SHORTEST)))
            self._values[text] = None
        if self.on_add is not None:
            self.on_add(fresh)

    def clear(self) -> None:
        """Forget all secrets."""
        self._values, self._forms = {}, {}
        self._compiled = (0, None, None, 0)

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Forget at the end of the block what has become known in it."""
        values, forms = dict(self._values), dict(self._forms)
        try:
            yield
        finally:
            self._values, self._forms = values, forms
            self._compiled = (0, None, None, 0)

    def mask(self, text: str) -> str:
        """The text with `********` in place of every secret."""
        if not self._forms:
            return text
        whole, starts, _ = self._patterns()
        return text if whole.search(text) is None else _masked(starts, text, len(text))

    def head(self, text: str, limit: int) -> str:
        """The beginning of a text: masked, then cut to at most `limit` characters; so no part of a
        secret is left at the cut, and a long text costs little."""
        if not self._forms:
            return text[:limit]
        _, starts, longest = self._patterns()
        size = limit
        while True:
            masked = _masked(starts, text[: size + longest], size)
            if len(masked) >= limit or size >= len(text):
                return masked[:limit]
            # Masks were shorter than what they stand for.
            size *= 2

    def found_in(self, data: bytes) -> bool:
        """Whether bytes, a pickle for instance, hold a secret as it is."""
        return any(value.encode("utf-8", "surrogatepass") in data for value in list(self._values))

    def mask_tree(self, value: Any, keys: bool = True) -> Any:
        """What JSON can say, with all texts in it masked, and every number that is a secret.

        Parameters:
            value: The value, as JSON gives it.
            keys: Whether keys may hold secrets; False where they are Noria's own.
        """
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {
                self.mask(key) if keys else key: self.mask_tree(item, keys)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.mask_tree(item, keys) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if str(value) in self._values else value
        return value

    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str], int]:
        count, whole, starts, longest = self._compiled
        forms = list(self._forms)
        if whole is None or starts is None or count != len(forms):
            from noria.core.secret_forms import patterns  # noqa: PLC0415 - as above

            whole, starts = patterns(forms)
            longest = max(map(len, forms))
            self._compiled = (len(forms), whole, starts, longest)
        return whole, starts, longest


def _masked(starts: re.Pattern[str], text: str, size: int) -> str:
    """The first `size` characters, masked; a secret that begins among them is masked whole."""
    parts: list[str] = []
    done, start, end = 0, size, size
    for found in starts.finditer(text):
        begin = found.start()
        if begin >= size:
            break
        if start == size:
            start, end = begin, found.end(1)
        elif begin > end:
            parts += (text[done:start], MASK)
            done, start, end = end, begin, found.end(1)
        else:
            # Secrets may overlap: what is covered by any of them is masked.
            end = max(end, found.end(1))
    if start == size:
        return text[:size]
    return "".join((*parts, text[done:start], MASK, text[end:size]))


def _texts(value: object) -> Iterable[str]:
    """The texts of a secret, those worth masking."""
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        if len(value.strip()) >= SHORTEST:
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _texts(str(value))


redactor = Redactor()
"""What this process knows."""


def register_secret(*values: object) -> None:
    """Have values masked as `********` in whatever Noria writes from now on: log lines, caught
    prints, parameters, artifacts, states, exceptions and their tracebacks.

    Values of `Secret` blocks and of secret fields of blocks are registered by themselves.

    Parameters:
        values: Texts, bytes or numbers; of lists and mappings, the values in them. What is shorter
            than four characters is not masked.

    Example:
        >>> register_secret("tok-5f9c1d")
        >>> redactor.mask("Authorization: Bearer tok-5f9c1d")
        'Authorization: Bearer ********'
    """
    for value in values:
        redactor.add(value)
