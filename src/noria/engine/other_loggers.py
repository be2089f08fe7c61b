"""Loggers of modules that know nothing of runs: what they let through joins the run around it.

Their levels and handlers stay as they are.
"""

from __future__ import annotations

import logging

from noria.engine.context import innermost
from noria.engine.log_lines import RunLogHandler


class LastResort(RunLogHandler):
    """Stands for `logging.lastResort`, which prints what no handler takes: in a run it goes on
    record, and the console shows it.

    Parameters:
        own: The one that stood there, which goes on printing outside runs.
    """

    def __init__(self, own: logging.Handler | None) -> None:
        super().__init__()
        self._own = own

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, or hand it on."""
        if innermost() is not None:
            super().emit(record)
        elif self._own is not None and record.levelno >= self._own.level:
            self._own.handle(record)


class RootHandler(RunLogHandler):
    """Stands beside handlers of the user's at the root logger, for `logging.lastResort` is asked
    only where there are none."""

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; one outside runs is for the others, if they are still there."""
        if innermost() is None and logging.root.handlers == [self] and logging.lastResort:
            logging.lastResort.handle(record)
        else:
            super().emit(record)


def join(level: int) -> None:
    """Have loggers without handlers of ours join runs, from a level on."""
    if not isinstance(logging.lastResort, LastResort):
        logging.lastResort = LastResort(logging.lastResort)
    logging.lastResort.setLevel(level)
    root = logging.root
    found = [handler for handler in root.handlers if isinstance(handler, RootHandler)]
    if not found and root.handlers:
        # Never the first handler there: `logging.basicConfig` would then do nothing.
        found = [RootHandler()]
        root.addHandler(found[0])
    for handler in found:
        handler.setLevel(level)
