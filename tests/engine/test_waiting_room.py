"""Where tickets wait: nothing that happens while the store is asked is missed or misunderstood."""

from __future__ import annotations

import pytest

from noria.concurrency import set_limit
from noria.core import clock
from noria.core.ids import new_id
from noria.core.slots import Pool, TicketRow
from noria.engine.session import open_session
from noria.engine.waiting_room import WaitingRoom


class Asked:
    """A backend, and what happens just before or after one of its methods has answered."""

    def __init__(self, backend):
        self.backend = backend
        self.then = {}

    def __getattr__(self, name):
        answer = getattr(self.backend, name)

        def ask(*args):
            found = answer(*args)
            self.then.pop(name, lambda: None)()
            return found

        return ask


class Room(WaitingRoom):
    """A room at which nobody looks but the test."""

    def _rouse(self):
        pass


@pytest.fixture
def room(isolated):
    room = Room(open_session())
    room._backend = Asked(room._backend)
    return room


@pytest.fixture
def draw(room):
    """Stand in line for the only slot of a limit, with a ticket that was not granted."""
    session = open_session()

    def stand(name, now=None):
        pools = (Pool(name),)
        now = clock.now() if now is None else now
        row = TicketRow(new_id(), session.process, 1, 0, pools, 1, False, False, None, now)
        return row.id, session.backend.acquire_slots(row, now)

    return stand


@pytest.fixture(autouse=True)
def this_process(monkeypatch):
    monkeypatch.setattr("noria.engine.waiting_room.os.getpid", lambda: 1)


def test_who_joins_while_the_store_is_asked_is_not_taken_for_dropped(room, draw):
    set_limit("db", 1)
    draw("db")
    first, _ = draw("db")
    ears = [room.join(first, None)]
    room._backend.then["slots_of"] = lambda: ears.append(room.join(draw("db")[0], None))
    room.look(settle=True)
    assert [ear.heard.is_set() for ear in ears] == [False, False]


def test_who_was_dropped_hears_it(room, draw):
    set_limit("db", 1)
    draw("db")
    ticket, _ = draw("db")
    ear = room.join(ticket, None)
    open_session().backend.release_slots(ticket, clock.now())
    room.look(settle=True)
    assert ear.heard.is_set()


def test_when_time_makes_room_is_not_forgotten_for_who_joins_while_the_line_is_settled(room, draw):
    set_limit("db", 1)
    set_limit("api", 1, decay=1)
    draw("db")
    room.join(draw("db")[0], None)
    draw("api")

    def join():
        ticket, acquired = draw("api")
        dues.append(acquired.due)
        room.join(ticket, acquired.due)

    dues = []
    room._backend.then["settle_slots"] = join
    room.look(settle=True)
    assert dues[0] is not None
    assert room._due == dues[0]
