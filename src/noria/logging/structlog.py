"""structlog in runs: events go on record with the run, their fields keep their types.

`configure()`, once, or `NORIA_LOGGING_STRUCTLOG=true` instead of it.

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
