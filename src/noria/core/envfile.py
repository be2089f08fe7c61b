"""Files of environment variables (`.env`): one `NAME=value` a line."""

from __future__ import annotations

from noria.core.errors import ConfigurationError

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def parse(text: str, place: str) -> dict[str, str]:
    """The variables of a file's text.

    A line is `NAME=value`, with `export` before it if you like; `#` begins a comment at the start
    of a line or after a space. A value in single quotes is taken as it is, one in double quotes
    knows `\\n`, `\\t`, `\\"` and `\\\\`. Nothing is substituted.

    Parameters:
        text: The file's text.
        place: Its path, for messages.

    Raises:
        ConfigurationError: A line is none of this; names the file and the line, not the value.

    Example:
        >>> parse("# ours\\nexport NORIA_LOGGING_LEVEL=DEBUG # noisy\\nNAME='a b'", ".env")
        {'NORIA_LOGGING_LEVEL': 'DEBUG', 'NAME': 'a b'}
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        name = name.strip()
        # The line is not quoted in the message: it may hold a password.
        if not equals or not name.replace(".", "_").isidentifier():
            raise ConfigurationError(f"{place}, line {number}: expected NAME=value.")
        found[name] = _value(value.strip(), f"{place}, line {number}")
    return found


def _value(text: str, place: str) -> str:
    quote = text[:1]
    if not quote or quote not in "\"'":
        return _before_comment(text)
    value: list[str] = []
    position = 1
    while position < len(text):
        character = text[position]
        if character == quote:
            rest = text[position + 1 :].strip()
            if rest and not rest.startswith("#"):
                break
            return "".join(value)
        if character == "\\" and quote == '"' and text[position + 1 : position + 2] in _ESCAPES:
            position += 1
            character = _ESCAPES[text[position]]
        value.append(character)
        position += 1
    raise ConfigurationError(f"{place}: the quote {quote} is not closed where the value ends.")


def _before_comment(text: str) -> str:
    if text.startswith("#"):
        return ""
    for position, character in enumerate(text):
        if character == "#" and text[position - 1].isspace():
            return text[:position].rstrip()
    return text
