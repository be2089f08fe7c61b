"""The fields of log lines as JSON that keeps their types: numbers stay numbers, times are ISO."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from noria.core.previews import preview
from noria.values.plain import plain

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "flow_run_id",
    "flow_run_name",
    "flow_name",
    "task_run_id",
    "task_run_name",
    "task_name",
    "noria_seen",
    # What structlog puts on records that it hands to `logging`.
    "_from_structlog",
    "_logger",
    "_name",
    "_record",
}
"""What every record has, or what is known of a line by its run."""
_formatter = logging.Formatter()


def fields_json(fields: Mapping[str, Any]) -> str | None:
    """The JSON text of a line's fields; None when there are none.

    Never refuses: what JSON cannot say becomes what comes nearest.

    Example:
        >>> fields_json({"user_id": 42, "price": Decimal("1.5"), "took": timedelta(seconds=2)})
        '{"user_id": 42, "price": 1.5, "took": 2.0}'
    """
    if not fields:
        return None
    try:
        return json.dumps(fields, ensure_ascii=False, default=_nearest, allow_nan=False)
    except Exception:  # noqa: BLE001 - a value's own code may raise anything; or JSON has no word
        tame = {str(key): plain(_nearest_or_same(value)) for key, value in fields.items()}
        return json.dumps(tame, ensure_ascii=False)


def message_and_fields(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """What a record says, and the fields that its call gave, with a traceback if it has one."""
    fields = {key: value for key, value in vars(record).items() if key not in STANDARD}
    event = record.msg
    if isinstance(event, dict) and not record.args and "event" in event:
        # structlog's way to leave the wording to a formatter of `logging`.
        message = str(event["event"])
        fields |= {key: value for key, value in event.items() if key not in ("event", *STANDARD)}
    else:
        message = record.getMessage()
    if record.exc_info:
        fields["exc_text"] = _formatter.formatException(record.exc_info)
    if record.stack_info:
        fields["stack_info"] = record.stack_info
    return message, fields


def _nearest_or_same(value: Any) -> Any:
    if isinstance(value, Decimal | timedelta):
        return _nearest(value)
    return value


def _nearest(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if hasattr(value, "isoformat"):
        # pandas's NaT is a time that is not itself.
        return value.isoformat() if value == value else None
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist") and getattr(value, "size", 2) == 1:
        return value.tolist()
    if type(value).__name__ == "NAType":
        return None
    return preview(value)


def _number(value: Decimal) -> float | int | str | None:
    if not value.is_finite():
        return None if value.is_nan() else str(value)
    return int(value) if value == value.to_integral_value() else float(value)
