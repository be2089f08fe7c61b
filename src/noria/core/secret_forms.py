"""The forms in which a secret may stand in a text, and the patterns that find them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from urllib.parse import quote, quote_plus, unquote

_LEVELS = 3
_TOKEN = 16
"""Characters of a part of a path or query from which on it is taken for a token."""
_URL = re.compile(r"://(?:[^/\s:@]*:(?P<password>[^/\s@]+)@)?[^/\s?]+(?P<rest>\S*)")
_BETWEEN = re.compile("[/?&=#]")
_PERCENT = re.compile("%[0-9A-F]{2}")


def forms_of(secret: str, shortest: int) -> set[str]:
    """The secret and its lines: as they are, and escaped or encoded in the usual ways.

    Parameters:
        secret: Any text.
        shortest: Lines and forms of fewer characters are left out.

    Example:
        >>> sorted(forms_of("a b?", 4))[:4]
        ['6120623F', '6120623f', 'EgYj', 'YSBiP']
    """
    pieces = {secret.strip(), *(line.strip() for line in secret.splitlines())}
    pieces |= {part for piece in pieces for part in _parts_of_url(piece)}
    return {
        form
        for piece in pieces
        if len(piece) >= shortest
        for form in _all_forms(piece)
        if len(form) >= shortest
    }


def _parts_of_url(text: str) -> Iterator[str]:
    """What of a URL gives access: libraries that fail to use it show its parts."""
    found = _URL.search(text)
    if found is None:
        return
    yield from (found["password"] or "", unquote(found["password"] or ""))
    for part in _BETWEEN.split(found["rest"] or ""):
        if len(part) >= _TOKEN and not part.isalpha() and not part.isdigit():
            yield from (part, unquote(part))


def patterns(forms: Iterable[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A pattern that finds some form quickly, and one that matches, without taking it, the longest
    form at every place where one begins (its group 1), so that overlapping ones are all found.

    Parameters:
        forms: At least one text, none shorter than four characters.
    """
    alternatives = _alternation(sorted(forms), 0)
    return re.compile(alternatives), re.compile(f"(?=({alternatives}))")


def _alternation(forms: list[str], level: int) -> str:
    """The forms sorted by their first characters: thousands of them cost little more than one."""
    if level == _LEVELS or len(forms) == 1:
        return "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    parts = []
    for first, alike in groupby(forms, key=lambda form: form[0]):
        rest = _alternation([form[1:] for form in alike], level + 1)
        parts.append(f"{re.escape(first)}(?:{rest})")
    return "|".join(parts)


def _all_forms(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "surrogateescape" if _has_raw_bytes(text) else "surrogatepass")
    plain = {text, data.decode("latin-1"), html.escape(text), html.escape(text, quote=False)}
    plain |= set(_representations(text, data))
    yield from plain
    for form in plain:
        yield from _json(form)
    yield from _url(data)
    yield from (data.hex(), data.hex().upper())
    for form in set(_base64(data)):
        yield form
        # In a URL, the signs of base64 are encoded once more.
        yield from _url(form.encode())


def _has_raw_bytes(text: str) -> bool:
    return any("\udc80" <= letter <= "\udcff" for letter in text)


def _representations(text: str, data: bytes) -> Iterator[str]:
    yield repr(text)[1:-1]
    # Within a longer text that has both kinds of quotes.
    yield repr("\"'" + text)[4:-1]
    yield ascii(text)[1:-1]
    yield repr(data)[2:-1]


def _json(text: str) -> Iterator[str]:
    """As a part of a JSON text, and of a JSON text within a JSON text."""
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield once.replace("/", "\\/")
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]


def _url(data: bytes) -> Iterator[str]:
    for encoded in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield encoded
        yield _PERCENT.sub(lambda found: found[0].lower(), encoded)


def _base64(data: bytes) -> Iterator[str]:
    """What of the encoded text depends on the secret alone, wherever it begins in a triple."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        begin = (before * 8 + 5) // 6
        end = (before + len(data)) * 8 // 6
        core = encoded[begin:end]
        yield core
        yield core.replace("+", "-").replace("/", "_")
