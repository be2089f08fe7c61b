"""JSON as it is stored: compact enough, any script of the world as it is.

`json` is loaded with the first record: a script that only defines flows writes none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def to_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """The JSON text of a value.

    Parameters:
        value: What JSON can say.
        default: Called for what it cannot.
    """
    import json  # noqa: PLC0415 - see the module's docstring

    return json.dumps(value, ensure_ascii=False, default=default)


def from_json(text: str) -> Any:
    """The value of a JSON text."""
    import json  # noqa: PLC0415 - see the module's docstring

    return json.loads(text)
