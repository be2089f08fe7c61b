"""Numbers, times and errors as people read them."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from noria.console.events import Failure
from noria.core import clock

LONG_TEXT = 300
LONG_FIELD = 200


@lru_cache(maxsize=4)
def _local_second(second: int) -> str:
    return clock.to_datetime(second * 1_000_000).astimezone().strftime("%H:%M:%S")


def clock_time(micros: int) -> str:
    """Local time of day, such as `12:01:03.123`."""
    second, rest = divmod(micros, 1_000_000)
    return f"{_local_second(second)}.{rest // 1000:03d}"


def duration(micros: int) -> str:
    """A span of time, such as `8 ms`, `0.21 s`, `12.4 s`, `3 min 05 s`, `2 h 07 min`."""
    if micros < 1000:
        return f"{max(micros, 0) / 1000:.1f} ms"
    if micros < 99_500:
        return f"{micros / 1000:.0f} ms"
    if micros < 9_995_000:
        return f"{micros / 1e6:.2f} s"
    if micros < 59_950_000:
        return f"{micros / 1e6:.1f} s"
    seconds = round(micros / 1e6)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def about(seconds: float) -> str:
    """A span of time that is only guessed: `3 s`, `4 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def rate(per_second: float) -> str:
    """Calls a second, or a minute when they are slow."""
    if per_second >= 10:
        return f"{per_second:,.0f}/s"
    return f"{per_second:.1f}/s" if per_second >= 1 else f"{per_second * 60:.1f}/min"


def plural(count: int, noun: str) -> str:
    """`1 task`, `1,200 tasks`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str, limit: int = LONG_TEXT) -> str:
    """The text without line breaks, cut where it grows too long to read."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def failure_of(error: str | None, message: str | None) -> Failure:
    """The failure that a row tells of, by its `error` or else its message."""
    if error is not None:
        try:
            facts = json.loads(error)
        except ValueError:
            return Failure("", error, "")
        if isinstance(facts, dict):
            texts = (str(facts.get(key) or "") for key in ("type", "message", "frame"))
            return Failure(*texts)
    return Failure("", message or "", "")


def failure_text(failure: Failure) -> str:
    """`ValueError: what it says`."""
    if not failure.type:
        return failure.message
    return f"{failure.type}: {failure.message}" if failure.message else failure.type


def extra_fields(extra: str) -> tuple[str, str | None]:
    """The fields of a log line as `key=value`, and the traceback that may stand among them."""
    try:
        fields = json.loads(extra)
    except ValueError:
        return extra, None
    if not isinstance(fields, dict):
        return extra, None
    traceback = fields.pop("exc_text", None)
    text = " ".join([f"{key}={_field(value)}" for key, value in fields.items()])
    return text, None if traceback is None else str(traceback)


def _field(value: object) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, str) and value and not _NEEDS_QUOTES(value):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONG_FIELD else text[: LONG_FIELD - 1] + "…"


_NEEDS_QUOTES = re.compile(r"[\s\"'=\x00-\x1f\x7f]").search
