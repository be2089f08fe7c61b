"""Results: whether runs keep them, and a store for your own."""

from __future__ import annotations

from typing import Any

from noria.engine.configuration import settings
from noria.engine.context import innermost
from noria.engine.locks import default_lock_manager
from noria.values.result_store import (
    ResultRecord,
    ResultRecordMetadata,
    ResultStore,
    set_default_lock_manager,
    store_for,
)
from noria.values.serializers import Serializer, resolve_serializer

__all__ = [
    "ResultRecord",
    "ResultRecordMetadata",
    "ResultStore",
    "get_default_persist_setting",
    "get_default_result_serializer",
    "get_default_result_storage",
    "get_result_store",
    "resolve_serializer",
    "should_persist_result",
]


set_default_lock_manager(default_lock_manager())


def get_default_persist_setting() -> bool:
    """Whether tasks and flows that do not say are to keep results of any size."""
    return settings().results_persist_by_default


def get_default_result_serializer() -> Serializer[Any]:
    """The serializer of results whose task or flow names none."""
    return resolve_serializer(settings().results_default_serializer)


def get_default_result_storage() -> str:
    """The folder or URL of results whose task or flow names none."""
    return settings().results_path


def should_persist_result() -> bool:
    """Whether the current run was asked to keep its result: by its own option, else by that of the
    run around it, else by the setting."""
    context = innermost()
    return get_default_persist_setting() if context is None else context.persist_result


def get_result_store() -> ResultStore:
    """A store in the place, and with the serializer, of the current run's results.

    Example:
        >>> from noria import flow
        >>> @flow
        ... def count():
        ...     get_result_store().write(3, key="rows")
        ...     return get_result_store().read("rows").result
        >>> count()
        3
    """
    context = innermost()
    store: ResultStore = store_for(settings()) if context is None else context.result_store
    return store
