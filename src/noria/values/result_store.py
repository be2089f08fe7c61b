"""Results kept by name: written and read by user code, beside those that runs keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

from noria.core import clock, ids
from noria.core.errors import MissingResult
from noria.core.jsontext import from_json, to_json
from noria.core.settings import Settings
from noria.values.places import Place, place_of
from noria.values.serializers import Serializer, format_of, resolve_serializer

R = TypeVar("R")


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
        serializer: str | Serializer[Any] = "pickle",
        cache_result_in_memory: bool = True,
        storage_key_fn: Callable[[], str] | None = None,
    ) -> None:
        self.result_storage = result_storage
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
            holder: Accepted for compatibility.

        Raises:
            SerializationError: The value cannot be serialized.
        """
        self.persist_result_record(self.create_result_record(obj, key, expiration), holder)

    def persist_result_record(
        self, result_record: ResultRecord[Any], holder: str | None = None
    ) -> None:
        """Write a record that `create_result_record` made."""
        metadata = result_record.metadata
        key = metadata.storage_key
        assert key is not None
        expires = None if metadata.expiration is None else metadata.expiration.isoformat()
        head = to_json({"serializer": format_of(self.serializer), "expiration": expires})
        blob = self.serializer.dumps(result_record.result)
        self._place.write(key, head.encode() + b"\n" + blob)
        if self.cache_result_in_memory:
            self._remembered[key] = result_record

    def read(self, key: str, holder: str | None = None) -> ResultRecord[Any]:
        """The result of a name.

        Raises:
            MissingResult: There is none.
        """
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
        expiration = self.read(key).expiration
        return expiration is None or clock.to_micros(expiration) > clock.now()

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
        return self.read(key, holder)

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
