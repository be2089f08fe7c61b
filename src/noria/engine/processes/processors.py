"""Log lines on their way from a child to the journal, for those who want to change or drop some.

A processor is called with the kind of a message (`"log"`) and its content as a dict, and returns
both, changed or not, or None to drop it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from noria.core import clock, ids
from noria.core.jsontext import from_json, to_json
from noria.core.outcomes import describe_exception
from noria.core.records import LogRow

Processor = Callable[[str, Any], tuple[str, Any] | None]
ProcessorFactory = Callable[[], Processor]

_LOG = "log"


def made(factories: Iterable[ProcessorFactory]) -> list[Processor]:
    """The processors of these factories; one that fails is left out, and said to be."""
    processors = []
    for factory in factories:
        try:
            processors.append(factory())
        except Exception as exc:  # noqa: BLE001 - logs must not end a run
            _complain(f"message processor factory {factory!r} is ignored", exc)
    return processors


def processed(row: LogRow, processors: Sequence[Processor]) -> LogRow | None:
    """A log line after all processors; None when it is dropped."""
    if not processors:
        return row
    kind, content = _LOG, _content(row)
    for processor in processors:
        try:
            answer = processor(kind, content)
        except Exception as exc:  # noqa: BLE001 - logs must not end a run
            _complain(f"a log line was dropped by message processor {processor!r}", exc)
            return None
        if answer is None:
            return None
        kind, content = answer
    return _row(content, row) if kind == _LOG else None


def _content(row: LogRow) -> dict[str, Any]:
    return {
        "name": row.logger,
        "level": row.level,
        "message": row.message,
        "timestamp": clock.to_datetime(row.time).isoformat(),
        "flow_run_id": None if row.flow_run is None else ids.to_text(row.flow_run),
        "task_run_id": None if row.task_run is None else ids.to_text(row.task_run),
        "extra": None if row.extra is None else from_json(row.extra),
    }


def _row(content: dict[str, Any], row: LogRow) -> LogRow:
    """The line with what was changed; whose line it is stays as it was."""
    extra, moment = content.get("extra"), content.get("timestamp")
    return row._replace(
        time=row.time if moment is None else clock.to_micros(datetime.fromisoformat(str(moment))),
        level=int(content.get("level", row.level)),
        logger=str(content.get("name", row.logger)),
        message=str(content.get("message", row.message)),
        extra=None if extra is None else to_json(extra),
    )


def _complain(what: str, exc: Exception) -> None:
    sys.stderr.write(f"noria: {what}: {describe_exception(exc)}\n")
