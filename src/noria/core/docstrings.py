"""What a docstring says of each parameter, in the three usual styles.

Google's `Args:`, numpy's underlined `Parameters`, and Sphinx's `:param name:`.
"""

from __future__ import annotations

import re

_SPHINX = re.compile(r"^:param\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")
_GOOGLE_HEAD = re.compile(r"^(?:Args|Arguments|Parameters|Params):$")
_GOOGLE_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?::.*)?$")


def parameter_descriptions(text: str | None) -> dict[str, str]:
    """Name -> description, for the parameters that the docstring tells of.

    Example:
        >>> parameter_descriptions("Load.\\n\\nArgs:\\n    rows (int): how many\\n")
        {'rows': 'how many'}
    """
    lines = (text or "").expandtabs().splitlines()
    for number, line in enumerate(lines):
        if _GOOGLE_HEAD.match(line.strip()):
            return _entries(lines[number + 1 :], _indent(line), _GOOGLE_ENTRY)
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        if line.strip() == "Parameters" and following and not following.strip("-"):
            return _entries(lines[number + 2 :], _indent(line) - 1, _NUMPY_ENTRY)
    return _sphinx(lines)


def _entries(lines: list[str], outer: int, entry: re.Pattern[str]) -> dict[str, str]:
    """Entries that stand deeper than `outer`, each with what is indented below it."""
    found: dict[str, list[str]] = {}
    level: int | None = None
    current: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        depth = _indent(line)
        if depth <= outer:
            break
        if level is None:
            level = depth
        matched = entry.match(line.strip()) if depth == level else None
        if matched is not None:
            said = matched[2] if entry is _GOOGLE_ENTRY else ""
            current = found.setdefault(matched[1], [said] if said else [])
        elif depth > level:
            current.append(line.strip())
        else:
            break
    return {name: "\n".join(said) for name, said in found.items() if said}


def _sphinx(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        matched = _SPHINX.match(line.strip())
        if matched is not None:
            current = found.setdefault(matched[1], [matched[2]])
        elif not line.strip() or line.strip().startswith(":"):
            current = None
        elif current is not None:
            current.append(line.strip())
    return {name: "\n".join(said).strip() for name, said in found.items() if any(said)}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
