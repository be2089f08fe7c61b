"""The fixtures of pytest: `noria_store`, `noria_clock`, `crash_at`.

pytest finds them by itself where Noria is installed. Nothing of Noria is loaded before a test asks
for one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from noria import testing

if TYPE_CHECKING:
    from noria.testing import CrashAt, IsolatedStore, SteppedClock


@pytest.fixture
def noria_store() -> Iterator[IsolatedStore]:
    """A store of the test's own, in memory; it can be asked what was recorded."""
    with testing.noria_test_harness() as store:
        yield store


@pytest.fixture
def noria_clock(noria_store_around: IsolatedStore) -> Iterator[SteppedClock]:
    """A clock that is stepped by hand, and that waits of runs move by themselves."""
    with testing.stepped_clock() as clock:
        yield clock


@pytest.fixture
def crash_at(noria_store_around: IsolatedStore) -> CrashAt:
    """Breaks a run off at its n-th record and goes on with it."""
    return testing.CrashAt()


@pytest.fixture
def noria_store_around(request: pytest.FixtureRequest) -> IsolatedStore:
    """The store of the harness around the test, a session's for instance, else the test's own."""
    found: IsolatedStore = testing.innermost_store() or request.getfixturevalue("noria_store")
    return found
