"""Concurrency limits for sync code."""

from noria.concurrency.slots import concurrency
from noria.concurrency.slots import rate_limit_sync as rate_limit
from noria.core.errors import AcquireConcurrencySlotTimeoutError, ConcurrencySlotAcquisitionError

__all__ = [
    "AcquireConcurrencySlotTimeoutError",
    "ConcurrencySlotAcquisitionError",
    "concurrency",
    "rate_limit",
]
