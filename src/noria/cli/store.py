"""The records that a command looks at."""

from __future__ import annotations

from noria.backend.port import Backend
from noria.cli.app import App
from noria.core import clock
from noria.session import open_backend
from noria.values.results import ResultKeeper


def backend_of(app: App) -> Backend:
    """The backend of this call, with runs whose process is gone marked Crashed.

    Raises:
        StoreError: The store cannot be opened; says which file and what to do.
    """
    if app.backend is None:
        app.backend = open_backend(app.settings)
        app.close_with(app.backend.close)
    if not app.reaped:
        # A person who asks must not be told that a dead run is still running.
        app.backend.reap(clock.now())
        app.reaped = True
    return app.backend


def results(app: App) -> ResultKeeper:
    """The kept results that do not stand in the store itself."""
    return ResultKeeper(app.settings)
