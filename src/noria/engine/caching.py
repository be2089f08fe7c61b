"""The cache between runs: a key from the task's policy, a kept result under it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from noria.core import clock
from noria.core.errors import MissingResult
from noria.core.hashing import blake2b
from noria.core.records import CacheRow, StoredValue
from noria.core.redaction import redactor
from noria.engine.context import TaskRunContext

if TYPE_CHECKING:
    from noria.engine.calls import TaskCall
    from noria.engine.opening import Session

RECENT = 1024
"""Keys that this process has just written are remembered until they are surely committed."""

Recent = OrderedDict[str, CacheRow]


def key_of(call: TaskCall, context: TaskRunContext) -> str | None:
    """The key of a call; None when its policy gives none, or cannot (which the run says once)."""
    task = call.task
    flow = call.flow_context
    try:
        if task.result_storage_key is not None:
            return "storage:" + str(task.storage_key(call.parameters))
        key = task.cache_policy.compute_key(
            task_ctx=context,
            inputs=call.parameters,
            flow_parameters=flow.parameters if flow is not None else {},
        )
    except Exception as exc:  # noqa: BLE001 - a key that cannot be had means: no caching
        if call.execution is not None:
            call.execution.say_once(
                f"cache key: {task.name}",
                f"Task {task.name!r} is not cached: {exc} It runs without.",
            )
        return None
    return None if key is None else _without_secrets(str(key))


def _without_secrets(key: str) -> str:
    """The key, or a digest of it when it holds a secret: it is stored as it is."""
    if redactor.mask(key) == key:
        return key
    return "redacted:" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def look_up(call: TaskCall, key: str) -> tuple[Any, StoredValue, str] | None:
    """The cached value with where it is kept and why it is served; None on a miss."""
    session, task = call.session(), call.task
    refresh = task.refresh_cache
    if session.settings.tasks_refresh_cache if refresh is None else refresh:
        return None
    now = clock.now()
    row = find(session, key, now)
    if row is None:
        return None
    try:
        value = session.results.load(row.value)
    except MissingResult as exc:
        if call.execution is not None:
            call.execution.say_once(str(exc), f"{exc} The task runs again.")
        return None
    made = clock.to_datetime(row.created).isoformat(timespec="seconds")
    return value, row.value, f"Cache hit: made {made} by a run of task {row.task_name!r}."


def find(session: Session, key: str, now: int) -> CacheRow | None:
    """An unexpired cached result, one that is not committed yet included."""
    row = session.recent_cache.get(key)
    if row is None or (row.expires is not None and row.expires <= now):
        row = session.backend.cached(key, now)
    return row


def remember(session: Session, row: CacheRow) -> None:
    """Know of a row until it is surely committed."""
    recent = session.recent_cache
    recent[row.key] = row
    if len(recent) > RECENT:
        recent.popitem(last=False)


def forget(session: Session) -> None:
    """Another process has written, and may have renewed what is known here: as soon as that is in
    the store it is looked up there."""
    known = list(session.recent_cache.items())

    def committed() -> None:
        for key, row in known:
            if session.recent_cache.get(key) is row:
                session.recent_cache.pop(key, None)

    if known:
        session.journal.when_committed(committed)


def row_of(call: TaskCall, key: str, value: StoredValue) -> CacheRow:
    """What other runs may find of this result."""
    task, run = call.task, call.run
    now = clock.now()
    lasts = task.cache_expiration
    row = CacheRow(
        key,
        now,
        None if lasts is None else now + int(lasts.total_seconds() * 1_000_000),
        value,
        run.flow_run_raw,
        None if run.flow_run_raw is None else run.raw_id,
        task.name,
        task.result_storage_key is None and getattr(task.cache_policy, "of_run", False),
    )
    details = run.state.state_details
    details.cache_key = key
    if row.expires is not None:
        details.cache_expiration = clock.to_datetime(row.expires)
    return row


def store(session: Session, row: CacheRow) -> None:
    """Let other runs have a result."""
    remember(session, row)
    session.journal.append(row)
