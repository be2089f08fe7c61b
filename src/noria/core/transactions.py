"""A transaction: what a task has done, until it is kept or undone."""

from __future__ import annotations

import enum
from typing import Any

from noria.core.annotations import NotSet


class TransactionState(enum.Enum):
    """How far a transaction has come."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    STAGED = "STAGED"
    COMMITTED = "COMMITTED"
    ROLLED_BACK = "ROLLED_BACK"


class Transaction:
    """What `on_commit` and `on_rollback` hooks are given.

    Attributes:
        key: What the result is known by; None when it is not cached.
        name: The task run's name.
        state: A `TransactionState`.
    """

    __slots__ = ("_values", "key", "name", "state")

    def __init__(self, key: str | None = None, name: str | None = None) -> None:
        self.key = key
        self.name = name
        self.state = TransactionState.STAGED
        self._values: dict[str, Any] = {}

    def set(self, name: str, value: Any) -> None:
        """Keep a value for the hooks that follow."""
        self._values[name] = value

    def get(self, name: str, default: Any = NotSet) -> Any:
        """A value that was set.

        Raises:
            ValueError: There is none, and no default.
        """
        value = self._values.get(name, default)
        if value is NotSet:
            raise ValueError(f"Could not retrieve value for unknown key: {name}")
        return value

    def is_staged(self) -> bool:
        """Whether the work is done and not yet kept."""
        return self.state is TransactionState.STAGED

    def is_committed(self) -> bool:
        """Whether the work is kept."""
        return self.state is TransactionState.COMMITTED

    def is_rolled_back(self) -> bool:
        """Whether the work was undone."""
        return self.state is TransactionState.ROLLED_BACK

    def __repr__(self) -> str:
        return f"Transaction(key={self.key!r}, name={self.name!r}, state={self.state.value})"
