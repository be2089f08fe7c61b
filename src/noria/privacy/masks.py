"""The masks for single values; the table in `noria.privacy` says what they leave visible."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from noria.privacy.texts import STARS, is_missing, text_of

_BETWEEN_ADDRESSES = re.compile(r"[,;，；、|/]+\s*|\s+")
_DOTS = re.compile("[.。]")
_LONGEST_DOMAIN = 253
_CHINA = re.compile(r"(?:00|\+)?86(?=1[3-9]\d{9}$)")


def mask_email(value: Any) -> Any:
    """An address with only its beginning and its domain; of several, each.

    Parameters:
        value: An address, several of them, or whatever stands in its place.

    Returns:
        The masked text; a missing value as it is. What is no address is hidden as a whole.

    Example:
        >>> mask_email("zhangsan@example.com"), mask_email("a@x.cn"), mask_email("no address")
        ('zh****@example.com', '****@x.cn', '****')
        >>> mask_email("Zhang San <zhangsan@x.cn>; lisi@例子.中国")
        'zh****@x.cn, l****@例子.中国'
    """
    if is_missing(value):
        return value
    text = text_of(value)
    if not text:
        return ""
    found = [each for each in _BETWEEN_ADDRESSES.split(text) if "@" in each]
    if not found:
        return STARS
    return ", ".join(map(_address, found))


def _address(text: str) -> str:
    local, _, domain = text.strip("<>()[]\"'").rpartition("@")
    shown = domain if _is_domain(domain) else STARS
    visible = 2 if len(local) >= 5 else 1 if len(local) >= 3 else 0
    return f"{local[:visible]}{STARS}@{shown}"


def _is_domain(text: str) -> bool:
    """Whether this is a name of a domain; numbers are none, be it of a host or of a telephone."""
    labels = _DOTS.split(text) if len(text) <= _LONGEST_DOMAIN else []
    return (
        len(labels) > 1
        and all(label.strip("-") and all(map(_in_label, label)) for label in labels)
        and not any(character.isdigit() for character in labels[-1][:1])
    )


def _in_label(character: str) -> bool:
    return character == "-" or unicodedata.category(character)[0] in "LMN"


def mask_phone(value: Any) -> Any:
    """A telephone number with only its beginning and end.

    Parameters:
        value: A number as text in any notation and any script's digits, or as a number.

    Returns:
        The masked text; a missing value as it is. A Chinese mobile number keeps its `+86` if it has
        one.

    Example:
        >>> mask_phone(13812345678), mask_phone("+86 138-1234-5678"), mask_phone("12345678")
        ('138****5678', '+86 138****5678', '****78')
    """
    if is_missing(value):
        return value
    text = text_of(value)
    if not text:
        return ""
    digits = "".join(character for character in text if character in "0123456789+")
    digits = digits[:1] + digits[1:].replace("+", "")
    china = _CHINA.match(digits)
    if china is not None:
        return f"+86 {_ends(digits[china.end() :], 11, 3, 4)}"
    digits = digits.removeprefix("+")
    return _ends(digits, 11, 3, 4) if len(digits) >= 11 else _ends(digits, 7, 0, 2)


def mask_name(value: Any) -> Any:
    """A person's name with only its first character.

    Parameters:
        value: A name in any script.

    Returns:
        The masked text; a missing value as it is.

    Example:
        >>> mask_name("张三"), mask_name("John Smith"), mask_name("X")
        ('张****', 'J****', '****')
    """
    if is_missing(value):
        return value
    text = text_of(value)
    return _ends(text, 2, 1, 0) if text else ""


def mask_id_number(value: Any) -> Any:
    """The number of an identity card, a passport or an account with only its beginning and end.

    Parameters:
        value: The number, as text or as a number.

    Returns:
        The masked text; a missing value as it is.

    Example:
        >>> mask_id_number("11010519491231002X"), mask_id_number("E12345678")
        ('110****2X', '****78')
    """
    if is_missing(value):
        return value
    text = "".join(character for character in text_of(value) if character.isalnum())
    if not text:
        return "" if not text_of(value) else STARS
    return _ends(text, 15, 3, 2) if len(text) >= 15 else _ends(text, 8, 0, 2)


def _ends(text: str, least: int, first: int, last: int) -> str:
    """The first and the last characters, where there are at least so many in all."""
    if len(text) < least:
        return STARS
    return f"{text[:first]}{STARS}{text[len(text) - last :]}"
