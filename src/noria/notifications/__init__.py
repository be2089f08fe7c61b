"""Messages to people when a run fails, crashes, or works again.

Example:
    >>> from noria import flow, notify
    >>> from noria.notifications import drain
    >>> @flow(on_failure=[notify("ops-chat")], on_crashed=[notify("ops-chat")])
    ... def nightly():
    ...     return 42
    >>> nightly(), drain()
    (42, True)
"""

from noria.notifications.hook import Notification, notify
from noria.notifications.messages import FIELDS
from noria.notifications.outbox import drain

__all__ = ["FIELDS", "Notification", "drain", "notify"]
