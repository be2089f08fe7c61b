"""What blocks of one kind have in common."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import PrivateAttr

from noria.blocks.core import Block
from noria.engine.context import innermost
from noria.logging import get_run_logger


class NotificationError(Exception):
    """A notification was not delivered.

    Attributes:
        log: What was found.
    """

    def __init__(self, log: str) -> None:
        super().__init__(log)
        self.log = log


class NotificationBlock(Block, ABC):
    """A block that can send a message."""

    _raise_on_failure: bool = PrivateAttr(False)

    @abstractmethod
    def notify(self, body: str, subject: str | None = None) -> Any:
        """Send a message.

        Parameters:
            body: The text.
            subject: What stands above it, where there is a place for that.
        """

    @property
    def logger(self) -> Any:
        """The logger of the run around the call; outside runs, one with the name of the class."""
        return logging.getLogger(type(self).__name__) if innermost() is None else get_run_logger()

    @contextmanager
    def raise_on_failure(self) -> Iterator[None]:
        """A block in which a message that is not delivered raises `NotificationError`; elsewhere it
        is only logged, so that no run fails for it."""
        before, self._raise_on_failure = self._raise_on_failure, True
        try:
            yield
        finally:
            self._raise_on_failure = before

    def _failed(self, log: str) -> None:
        if self._raise_on_failure:
            raise NotificationError(log)
        self.logger.warning("%s has not delivered a notification: %s", type(self).__name__, log)
