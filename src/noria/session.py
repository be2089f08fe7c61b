"""The session of this process: what flows run with. See `noria.engine.session`."""

from noria.engine.opening import Session, open_backend, temporary_session
from noria.engine.session import open_session, use

__all__ = ["Session", "open_backend", "open_session", "temporary_session", "use"]
