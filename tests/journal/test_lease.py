"""The duty to show that the process lives, and what it hears of others meanwhile."""

from __future__ import annotations

import pytest

from noria.core import clock
from noria.core.errors import StoreError
from noria.journal.lease import LISTEN_SECONDS, Lease


class Stepped(clock.Clock):
    """Time that passes when it is told to."""

    time = 1000.0

    def monotonic(self):
        return self.time


class Store:
    """A backend to which another process writes, and which is away when it is told to."""

    def __init__(self):
        self.counter = 1
        self.away = False

    def change_counter(self):
        return self.counter

    def beat(self, process, now):
        if self.away:
            raise StoreError("away")
        return []

    def reap(self, now):
        return []


@pytest.fixture
def time():
    stepped = Stepped()
    with clock.use(stepped):
        yield stepped


def test_news_that_come_while_the_store_is_away_are_told_when_it_is_back(time):
    store, heard = Store(), []
    lease = Lease(store, b"p", 10, lambda asked: None)
    lease.on_change = lambda: heard.append(store.counter)
    lease.keep()
    assert heard == [1]
    store.counter, store.away = 2, True
    time.time += LISTEN_SECONDS
    with pytest.raises(StoreError):
        lease.keep()
    store.away = False
    for _ in range(2):
        time.time += LISTEN_SECONDS
        lease.keep()
    assert heard == [1, 2]
