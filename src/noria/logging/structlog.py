"""structlog in runs: events go on record with the run, their fields keep their types.

It joins by itself; `configure()` says what is done with what is logged outside runs, and from which
level on.

Example:
    >>> import structlog
    >>> from noria import flow
    >>> configure()
    >>> log = structlog.get_logger()
    >>> @flow
    ... def load(user_id: int):
    ...     log.info("loading", user_id=user_id)
    >>> load(42)
    >>> structlog.reset_defaults()
"""

from noria.engine.structlogs import RunProcessor, add_run, configure

__all__ = ["RunProcessor", "add_run", "configure"]
