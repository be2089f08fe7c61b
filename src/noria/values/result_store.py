"""Results kept by name: written and read by user code, beside those that runs keep."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

from noria.core import clock, ids
from noria.core.errors import ConfigurationError, MissingResult
from noria.core.jsontext import from_json, to_json
from noria.core.settings import Settings
from noria.core.transactions import IsolationLevel
from noria.values.places import Place, place_of
from noria.values.serializers import Serializer, format_of, resolve_serializer

R = TypeVar("R")

_default_locks: list[Any] = []


def set_default_lock_manager(manager: Any) -> None:
    """Say who keeps the locks of stores that were given no lock manager."""
    _default_locks[:] = [manager]


class ResultRecordMetadata:
    """What is known of a kept result without reading it.

    Attributes:
        storage_key: Its name in the storage.
        expiration: From when on it no longer counts; None for never.
        serializer: What wrote it.
    """

    def __init__(
        self,
        storage_key: str | None = None,
        expiration: datetime | None = None,
        serializer: Serializer[Any] | None = None,
    ) -> None:
        self.storage_key = storage_key
        self.expiration = expiration
        self.serializer = serializer


class ResultRecord(Generic[R]):
    """A result with what is known of it.

    Attributes:
        metadata: Name, expiration and serializer.
        result: The value.
    """

    def __init__(self, metadata: ResultRecordMetadata, result: R) -> None:
        self.metadata = metadata
        self.result = result

    @property
    def expiration(self) -> datetime | None:
        """From when on it no longer counts."""
        return self.metadata.expiration

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ResultRecord):
            return NotImplemented
        same = self.metadata.storage_key == other.metadata.storage_key
        return same and bool(self.result == other.result)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ResultRecord(storage_key={self.metadata.storage_key!r}, result={self.result!r})"


class ResultStore:
    """Results by name in a storage.

    Parameters:
        result_storage: A path, URL or file system.
        lock_manager: Keeps the locks of `SERIALIZABLE` transactions, such as a
            `noria.locking.filesystem.FileSystemLockManager`; the store of the runs does, when there
            is none.
        serializer: A serializer or its type, such as `json`.
        cache_result_in_memory: Whether what was written or read is remembered.
        storage_key_fn: Gives the name of a result that was given none.

    Example:
        >>> import tempfile
        >>> store = ResultStore(result_storage=tempfile.mkdtemp(), serializer="json")
        >>> store.write({"rows": 3}, key="daily/count")
        >>> store.read("daily/count").result
        {'rows': 3}
    """

    def __init__(
        self,
        *,
        result_storage: Any,
        lock_manager: Any = None,
        serializer: str | Serializer[Any] = "pickle",
        cache_result_in_memory: bool = True,
        storage_key_fn: Callable[[], str] | None = None,
    ) -> None:
        self.result_storage = result_storage
        self.lock_manager = lock_manager
        self.serializer = resolve_serializer(serializer)
        self.cache_result_in_memory = cache_result_in_memory
        self.storage_key_fn = storage_key_fn or _random_key
        self._remembered: dict[str, ResultRecord[Any]] = {}
        self._place: Place = place_of(result_storage)

    def create_result_record(
        self, obj: R, key: str | None = None, expiration: datetime | None = None
    ) -> ResultRecord[R]:
        """A record of a value, not yet written."""
        metadata = ResultRecordMetadata(key or self.storage_key_fn(), expiration, self.serializer)
        return ResultRecord(metadata, obj)

    def write(
        self,
        obj: Any,
        key: str | None = None,
        expiration: datetime | None = None,
        holder: str | None = None,
    ) -> None:
        """Keep a value under a name; an earlier one of that name is replaced.

        Parameters:
            obj: The value.
            key: The name; made by `storage_key_fn` when left out.
            expiration: From when on it no longer counts.
            holder: Who writes, when the name is locked.

        Raises:
            SerializationError: The value cannot be serialized.
            RuntimeError: The store was given a lock manager, and another holds the lock.
        """
        self.persist_result_record(self.create_result_record(obj, key, expiration), holder)

    def persist_result_record(
        self, result_record: ResultRecord[Any], holder: str | None = None
    ) -> None:
        """Write a record that `create_result_record` made."""
        metadata = result_record.metadata
        key = metadata.storage_key
        assert key is not None
        locks = self.lock_manager
        holder = holder or self.generate_default_holder()
        if locks is not None and locks.is_locked(key) and not locks.is_lock_holder(key, holder):
            raise RuntimeError(
                f"Result {key!r} cannot be written by {holder}: another holds its lock. "
                "Write it in the transaction that has the lock, or after it."
            )
        expires = None if metadata.expiration is None else metadata.expiration.isoformat()
        head = to_json({"serializer": format_of(self.serializer), "expiration": expires})
        blob = self.serializer.dumps(result_record.result)
        self._place.write(key, head.encode() + b"\n" + blob)
        if self.cache_result_in_memory:
            self._remembered[key] = result_record

    def read(self, key: str, holder: str | None = None) -> ResultRecord[Any]:
        """The result of a name; when another holds its lock, as it is after that.

        Raises:
            MissingResult: There is none.
        """
        if self._others_hold(key, holder):
            self.lock_manager.wait_for_lock(key)
        return self._load(key)

    def _others_hold(self, key: str, holder: str | None) -> bool:
        locks = self.lock_manager
        if locks is None:
            return False
        return not locks.is_lock_holder(key, holder or self.generate_default_holder())

    def _load(self, key: str) -> ResultRecord[Any]:
        found = self._remembered.get(key)
        if found is not None:
            return found
        try:
            head, _, blob = self._place.read(key).partition(b"\n")
        except FileNotFoundError:
            raise MissingResult(
                f"There is no result {key!r} in {self._place.base}; write it first."
            ) from None
        facts = from_json(head.decode())
        written = facts["expiration"]
        expiration = None if written is None else datetime.fromisoformat(written)
        metadata = ResultRecordMetadata(key, expiration, self.serializer)
        record = ResultRecord(metadata, self.serializer.loads(blob))
        if self.cache_result_in_memory:
            self._remembered[key] = record
        return record

    def exists(self, key: str) -> bool:
        """Whether there is a result of that name that still counts."""
        if key not in self._remembered and self._place.size(key) is None:
            return False
        expiration = self._load(key).expiration
        return expiration is None or clock.to_micros(expiration) > clock.now()

    @property
    def locks(self) -> Any:
        """Who keeps the locks: the manager that was given, else the store of the runs.

        Raises:
            ConfigurationError: There is none; cannot be in a program that imports `noria.results`.
        """
        if self.lock_manager is not None:
            return self.lock_manager
        if not _default_locks:
            raise ConfigurationError(
                "This result store has no lock manager. Give it one: ResultStore(lock_manager=...)."
            )
        return _default_locks[0]

    @staticmethod
    def generate_default_holder() -> str:
        """Who takes locks without a name: this thread."""
        return f"{os.getpid()}:{threading.get_ident()}"

    def supports_isolation_level(self, level: IsolationLevel | str) -> bool:
        """Whether transactions with this store can have an isolation level: any can.

        Raises:
            ValueError: It is none.
        """
        return bool(IsolationLevel(level))

    def acquire_lock(
        self, key: str, holder: str | None = None, timeout: float | None = None
    ) -> bool:
        """Take the lock of a name, and wait for it as long as another has it.

        Parameters:
            key: The name.
            holder: Who takes it; this thread by default.
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            False when the time was over before it was free.
        """
        taken: bool = self.locks.acquire_lock(
            key, holder or self.generate_default_holder(), timeout
        )
        return taken

    async def aacquire_lock(
        self,
        key: str,
        holder: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - Prefect's
    ) -> bool:
        """As `acquire_lock`, to be awaited."""
        taken: bool = await self.locks.aacquire_lock(
            key, holder or self.generate_default_holder(), timeout
        )
        return taken

    def release_lock(self, key: str, holder: str | None = None) -> None:
        """Give the lock of a name back.

        Raises:
            ValueError: This holder does not have it.
        """
        self.locks.release_lock(key, holder or self.generate_default_holder())

    def is_locked(self, key: str) -> bool:
        """Whether anybody has the lock of a name."""
        return bool(self.locks.is_locked(key))

    def is_lock_holder(self, key: str, holder: str | None = None) -> bool:
        """Whether it is this one who has the lock of a name."""
        return bool(self.locks.is_lock_holder(key, holder or self.generate_default_holder()))

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody has the lock of a name; False when the time was over before."""
        return bool(self.locks.wait_for_lock(key, timeout))

    async def await_for_lock(
        self,
        key: str,
        timeout: float | None = None,  # noqa: ASYNC109 - Prefect's
    ) -> bool:
        """As `wait_for_lock`, to be awaited."""
        return bool(await self.locks.await_for_lock(key, timeout))

    async def apersist_result_record(
        self, result_record: ResultRecord[Any], holder: str | None = None
    ) -> None:
        """As `persist_result_record`, to be awaited."""
        self.persist_result_record(result_record, holder)

    async def awrite(
        self,
        obj: Any,
        key: str | None = None,
        expiration: datetime | None = None,
        holder: str | None = None,
    ) -> None:
        """As `write`, to be awaited."""
        self.write(obj, key, expiration, holder)

    async def aread(self, key: str, holder: str | None = None) -> ResultRecord[Any]:
        """As `read`, to be awaited."""
        if self._others_hold(key, holder):
            await self.lock_manager.await_for_lock(key)
        return self._load(key)

    async def aexists(self, key: str) -> bool:
        """As `exists`, to be awaited."""
        return self.exists(key)


def store_for(settings: Settings, owner: Any = None) -> ResultStore:
    """A store in the place, and with the serializer, of a task's or flow's own results.

    Parameters:
        settings: Say both for who names none.
        owner: The task or flow; None for the settings alone.
    """
    storage = getattr(owner, "result_storage", None)
    serializer = getattr(owner, "result_serializer", None)
    return ResultStore(
        result_storage=settings.results_path if storage is None else storage,
        serializer=settings.results_default_serializer if serializer is None else serializer,
        cache_result_in_memory=getattr(owner, "cache_result_in_memory", True),
    )


def _random_key() -> str:
    return ids.new_id().hex()
