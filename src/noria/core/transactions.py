"""The words of transactions: how far one has come, when it commits, what it shuts out."""

from __future__ import annotations

import enum


class _Word(enum.StrEnum):
    """A member that is equal to its name."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class IsolationLevel(_Word):
    """What other transactions of the same key may do meanwhile.

    `READ_COMMITTED` sees what others have committed; `SERIALIZABLE` lets one at a time begin.
    """

    READ_COMMITTED = "READ_COMMITTED"
    SERIALIZABLE = "SERIALIZABLE"


class CommitMode(_Word):
    """When a transaction commits.

    `EAGER` at its own end, `LAZY` with the transaction around it, `OFF` only by `commit()`.
    """

    EAGER = "EAGER"
    LAZY = "LAZY"
    OFF = "OFF"


class TransactionState(_Word):
    """How far a transaction has come."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    STAGED = "STAGED"
    COMMITTED = "COMMITTED"
    ROLLED_BACK = "ROLLED_BACK"
