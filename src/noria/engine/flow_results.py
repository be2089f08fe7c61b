"""Keeping what a flow returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noria.core.errors import ConfigurationError, SerializationError, StoreError
from noria.core.records import StoredValue
from noria.engine.collections import holds_references
from noria.engine.keeping import keep_scalar

if TYPE_CHECKING:
    from noria.engine.flow_calls import FlowCall


def keep(call: FlowCall, value: Any) -> StoredValue | None:
    """Keep a flow's result as its options say; None when it is not kept."""
    flow = call.flow
    if holds_references(value):
        # States of tasks stand on record themselves.
        return None
    if not flow.keeps_specially:
        stored = keep_scalar(value)
        if stored is not None:
            return stored
    limit = None if flow.persist_result else call.session.settings.results_keep_limit
    try:
        return call.session.results.keep(
            value, serializer=flow.result_serializer, storage=flow.result_storage, limit=limit
        )
    except (SerializationError, StoreError, ConfigurationError) as exc:
        if call.execution is not None:
            call.execution.say_once(
                "flow result",
                f"The result of flow {flow.name!r} is returned but cannot be kept: {exc}",
            )
        return None
