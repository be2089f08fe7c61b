"""Concurrency limits for async code."""

from noria.concurrency.slots import arate_limit as rate_limit
from noria.concurrency.slots import concurrency
from noria.core.errors import AcquireConcurrencySlotTimeoutError, ConcurrencySlotAcquisitionError

__all__ = [
    "AcquireConcurrencySlotTimeoutError",
    "ConcurrencySlotAcquisitionError",
    "concurrency",
    "rate_limit",
]
