"""A store of its own for the length of a block: nothing a test does is seen outside of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from noria.core import ids
from noria.core.redaction import redactor
from noria.core.settings import ENV_FILE, MEMORY, PROFILE
from noria.engine import configuration, logs
from noria.session import open_backend, temporary_session, use
from noria.testing.recorded import IsolatedStore

__all__ = ["noria_test_harness", "prefect_test_harness"]

HOME = "NORIA_HOME"
DATABASE_URL = "NORIA_DATABASE_URL"
_NOT_TAKEN_OVER = (PROFILE, ENV_FILE, "NORIA_ENCRYPTION_KEY", "NORIA_RESULTS_STORAGE")
"""What would lead tests to the data or the secrets of the person who runs them."""


@contextmanager
def noria_test_harness(
    path: str | os.PathLike[str] | None = None, *, template: IsolatedStore | None = None
) -> Iterator[IsolatedStore]:
    """Run flows and tasks with a store of their own until the block ends.

    The store is in memory and its folder a temporary one; both are gone after the block. Profiles,
    `.env` files, encryption keys and result storages of whoever runs the tests are left out; other
    `NORIA_*` variables count, also when they change inside the block. Nothing is printed: lines of
    runs go to the handlers of the root logger. Secrets that become known are forgotten at the end.
    Blocks nest, and may last for a whole test session.

    Parameters:
        path: A folder for a store in a file, for tests that start further processes; it is kept.
        template: A store that this one begins as a copy of.

    Returns:
        The store, which can be asked what was recorded.

    Example:
        >>> from noria import flow
        >>> @flow
        ... def hello(name: str):
        ...     return f"Hello {name}"
        >>> with noria_test_harness() as store:
        ...     hello("you")
        ...     [run.state_name for run in store.flow_runs()]
        'Hello you'
        ['Completed']
    """
    home = _unused_folder() if path is None else os.path.abspath(path)
    variables = {**dict.fromkeys(_NOT_TAKEN_OVER), HOME: home, DATABASE_URL: None}
    if path is None:
        variables[DATABASE_URL] = "sqlite:///" + MEMORY
    try:
        with _environment(variables), redactor.isolated(), logs.shared(), _opened(home) as store:
            if template is not None:
                template.copy_into(store)
            yield store
    finally:
        if path is None:
            shutil.rmtree(home, ignore_errors=True)


def _unused_folder() -> str:
    # Whoever writes into it makes it: most tests never do, and making and removing takes its time.
    return os.path.join(tempfile.gettempdir(), f"noria-test-{ids.new_id().hex()}")


@contextmanager
def prefect_test_harness(server_startup_timeout: int | None = 30) -> Iterator[None]:
    """`noria_test_harness` under the name that Prefect's users know.

    Parameters:
        server_startup_timeout: Taken and not used: there is no server to wait for.

    Example:
        >>> from noria import flow
        >>> @flow
        ... def done():
        ...     return "Done!"
        >>> with prefect_test_harness():
        ...     done()
        'Done!'
    """
    with noria_test_harness():
        yield


@contextmanager
def _opened(home: str) -> Iterator[IsolatedStore]:
    settings = configuration.settings()
    session = temporary_session(settings, lambda: open_backend(settings))
    try:
        with use(session, follow_settings=True):
            store = IsolatedStore(session, Path(home))
            _open.append(store)
            try:
                yield store
            finally:
                _open.remove(store)
    finally:
        session.close()


_open: list[IsolatedStore] = []


def innermost_store() -> IsolatedStore | None:
    """The store of the innermost harness around the call; None when there is none."""
    return _open[-1] if _open else None


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    _put(variables)
    try:
        yield
    finally:
        _put(before)


def _put(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
