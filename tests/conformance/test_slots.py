"""Concurrency limits: slots in order of arrival, all or none, and back when their holder dies."""

from __future__ import annotations

import subprocess
import sys

import pytest

from noria.backend.processes import boot_id, host_name, start_time
from noria.core.errors import ConcurrencySlotAcquisitionError
from noria.core.slots import Pool
from tests.conformance.rows import LEASE, NOON, SECOND, limit, process, ticket


@pytest.fixture
def owner(backend):
    row = process()
    backend.register_process(row)
    return row


@pytest.fixture
def take(backend, owner):
    """Draw a ticket; whether it was granted at once."""

    def draw(*names, now=NOON, **changes):
        row = ticket(owner.id, *names, **changes)
        return row, backend.acquire_slots(row, now)

    return draw


def granted(backend, *rows):
    held = {row.id for row in backend.slot_tickets() if row.granted is not None}
    return [row.id in held for row in rows]


def test_a_limit_comes_back_as_it_was_set(backend):
    row = limit("数据库", 3, decay=0.5)
    assert backend.set_limit(row, NOON) == row
    assert backend.limits("数据库")[0].limit == row
    assert backend.limits("other") == []
    later = limit("数据库", 5, active=False, created=NOON + 9, updated=NOON + 9)
    assert backend.set_limit(later, NOON + 9) == later._replace(created=NOON)
    assert [use.limit.slots for use in backend.limits()] == [5]
    assert backend.info().rows["limits"] == 1


def test_slots_are_granted_up_to_the_limit_and_then_in_order_of_arrival(backend, take):
    backend.set_limit(limit(slots=2), NOON)
    drawn = [take() for _ in range(5)]
    assert [acquired.granted for _, acquired in drawn] == [True, True, False, False, False]
    rows = [row for row, _ in drawn]
    assert backend.release_slots(rows[1].id, NOON)
    assert granted(backend, *rows) == [True, False, True, False, False]
    assert not backend.release_slots(rows[1].id, NOON)
    assert backend.release_slots(rows[0].id, NOON)
    assert granted(backend, *rows) == [False, False, True, True, False]
    use = backend.limits("db")[0]
    assert (use.held, use.waiting) == (2, 1)


def test_a_large_wish_is_not_overtaken_by_small_ones(backend, take):
    backend.set_limit(limit(slots=3), NOON)
    first, _ = take(occupy=2)
    large, acquired = take(occupy=3)
    assert not acquired.granted
    small, acquired = take()
    assert not acquired.granted
    backend.release_slots(first.id, NOON)
    assert granted(backend, large, small) == [True, False]


def test_slots_of_several_limits_come_together_or_not_at_all(backend, take):
    for name in "ab":
        backend.set_limit(limit(name), NOON)
    a, _ = take("a")
    both, acquired = take("a", "b")
    assert not acquired.granted
    assert [(use.limit.name, use.held) for use in backend.limits()] == [("a", 1), ("b", 0)]
    late, acquired = take("b")
    assert not acquired.granted
    backend.release_slots(a.id, NOON)
    assert granted(backend, both, late) == [True, False]
    backend.release_slots(both.id, NOON)
    assert granted(backend, late) == [True]


def test_who_leaves_the_line_of_several_limits_lets_others_pass(backend, take):
    for name, slots in (("a", 1), ("b", 1), ("c", 2)):
        backend.set_limit(limit(name, slots), NOON)
    a, _ = take("a")
    b_and_a, _ = take("a", "b")
    c_and_b, _ = take("b", "c")
    only_c, acquired = take("c")
    assert not acquired.granted
    assert not backend.withdraw_slots(b_and_a.id, NOON)
    assert granted(backend, a, c_and_b, only_c) == [True, True, True]


def test_who_holds_slots_does_not_stand_behind_those_who_wait_for_them(backend, take):
    for name in "ab":
        backend.set_limit(limit(name), NOON)
    take("a")
    _, waits = take("a", "b")
    _, plain = take("b")
    _, nested = take("b", nested=True)
    assert (waits.granted, plain.granted, nested.granted) == (False, False, True)


def test_each_key_has_slots_of_its_own(backend, take):
    backend.set_limit(limit(slots=1), NOON)
    _, one = take(pools=(Pool("db", "acme"),))
    _, again = take(pools=(Pool("db", "acme"),))
    _, other = take(pools=(Pool("db", "初创"),))
    _, none = take()
    assert [one.granted, again.granted, other.granted, none.granted] == [True, False, True, True]
    use = backend.limits("db")[0]
    assert (use.held, use.waiting, use.keys) == (3, 1, 2)


def test_limits_that_there_are_not_do_not_count(backend, take):
    _, acquired = take("nowhere")
    assert (acquired.found, acquired.granted) == ((), False)
    assert backend.slot_tickets() == []
    backend.set_limit(limit(), NOON)
    _, acquired = take("nowhere", "db")
    assert (acquired.found, acquired.granted) == (("db",), True)
    assert backend.slot_tickets()[0].pools == (Pool("db"),)


def test_what_can_never_be_had_is_refused(backend, take):
    backend.set_limit(limit(slots=0), NOON)
    with pytest.raises(ConcurrencySlotAcquisitionError, match="'db' were asked for, and it has 0"):
        take()
    backend.set_limit(limit(slots=2), NOON)
    with pytest.raises(ConcurrencySlotAcquisitionError, match="3 slots of limit 'db'"):
        take(occupy=3)
    with pytest.raises(ConcurrencySlotAcquisitionError, match="its slots do not decay"):
        take(rate=True)
    assert backend.slot_tickets() == []


def test_an_inactive_limit_lets_everybody_pass_and_then_counts_them(backend, take):
    backend.set_limit(limit(active=False), NOON)
    rows = [take()[0] for _ in range(3)]
    assert granted(backend, *rows) == [True] * 3
    backend.set_limit(limit(slots=3), NOON)
    late, acquired = take()
    assert not acquired.granted
    backend.set_limit(limit(active=False), NOON)
    assert granted(backend, late) == [True]


def test_a_limit_that_changes_serves_those_who_wait(backend, take):
    backend.set_limit(limit(slots=1), NOON)
    rows = [take()[0] for _ in range(4)]
    backend.set_limit(limit(slots=3), NOON)
    assert granted(backend, *rows) == [True, True, True, False]
    backend.set_limit(limit(slots=1), NOON)
    backend.release_slots(rows[0].id, NOON)
    assert granted(backend, *rows) == [False, True, True, False]
    assert backend.delete_limit("db", NOON)
    assert not backend.delete_limit("db", NOON)
    assert granted(backend, rows[3]) == [True]


def test_who_waits_for_more_than_there_will_be_is_dropped(backend, take):
    backend.set_limit(limit(slots=3), NOON)
    first, _ = take()
    take(occupy=3)
    small, _ = take()
    backend.set_limit(limit(slots=2), NOON)
    assert set(backend.slots_of(small.process, small.pid)) == {first.id, small.id}
    assert granted(backend, small) == [True]


def test_who_leaves_the_line_leaves_nothing_behind(backend, take, owner):
    backend.set_limit(limit(), NOON)
    first, _ = take()
    waits, _ = take()
    assert not backend.withdraw_slots(waits.id, NOON)
    assert backend.withdraw_slots(first.id, NOON)
    assert backend.granted_slots(owner.id, 4711) == [first.id]
    assert backend.granted_slots(owner.id, 4712) == []
    backend.release_slots(first.id, NOON)
    assert backend.slot_tickets() == []


def test_slots_that_decay_come_free_by_themselves(backend, take):
    backend.set_limit(limit(slots=3, decay=2.0), NOON)
    drawn = [take(rate=True) for _ in range(4)]
    assert [acquired.granted for _, acquired in drawn] == [True, True, True, False]
    for row, _ in drawn[:3]:
        backend.release_slots(row.id, NOON)
    half = NOON + SECOND // 2
    assert drawn[3][1].due == half
    assert backend.settle_slots(half - 1) == half
    assert granted(backend, drawn[3][0]) == [False]
    assert backend.settle_slots(half) is None
    assert granted(backend, drawn[3][0]) == [True]
    _, late = take(rate=True, now=half)
    assert late.due == NOON + SECOND
    _, later = take(rate=True, now=half + 1)
    assert later.due == NOON + SECOND


def test_a_block_of_a_limit_that_decays_gives_back_what_has_not_decayed(backend, take):
    backend.set_limit(limit(slots=1, decay=0.1), NOON)
    row, _ = take()
    later = NOON + 4 * SECOND
    backend.release_slots(row.id, later)
    _, acquired = take(now=later)
    assert acquired.granted


def test_another_decay_keeps_the_slots_that_are_taken(backend, take):
    backend.set_limit(limit(slots=2, decay=1.0), NOON)
    for _ in range(2):
        take(rate=True)
    waits, _ = take(rate=True)
    backend.set_limit(limit(slots=2, decay=10.0), NOON)
    assert backend.settle_slots(NOON) == NOON + SECOND // 10
    assert granted(backend, waits) == [False]


def test_a_clock_that_was_set_back_does_not_stop_a_limit_for_long(backend, take):
    backend.set_limit(limit(slots=1, decay=1.0), NOON)
    take(rate=True, now=NOON + 3600 * SECOND)
    _, acquired = take(rate=True, now=NOON)
    assert acquired.due == NOON + SECOND


def test_the_slots_of_a_silent_process_of_another_host_come_free(backend, take, owner):
    backend.set_limit(limit(), NOON)
    take()
    living = process(beat=NOON + 10 * LEASE)
    backend.register_process(living)
    waits = ticket(living.id)
    assert not backend.acquire_slots(waits, NOON).granted
    backend.settle_slots(NOON + LEASE)
    assert granted(backend, waits) == [False]
    backend.settle_slots(NOON + LEASE + 1)
    assert granted(backend, waits) == [True]
    assert [row.id for row in backend.slot_tickets()] == [waits.id]


def test_the_slots_of_a_process_that_ends_come_free(backend, take, owner):
    backend.set_limit(limit(), NOON)
    take()
    take()
    backend.end_process(owner.id, NOON, None)
    assert backend.slot_tickets() == []


def test_who_comes_when_the_holder_is_dead_need_not_wait(backend, take):
    backend.set_limit(limit(), NOON)
    take()
    living = process(beat=NOON + 10 * LEASE)
    backend.register_process(living)
    assert backend.acquire_slots(ticket(living.id), NOON + LEASE + 1).granted


def test_the_slots_of_a_killed_child_of_a_living_process_come_free(backend):
    here = process(host=host_name(), boot=boot_id(), pid=1, started=start_time(1) or 0, lease=LEASE)
    backend.register_process(here)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    backend.set_limit(limit(), NOON)
    held = ticket(here.id, pid=child.pid, started=start_time(child.pid))
    assert backend.acquire_slots(held, NOON).granted
    backend.reap(NOON)
    assert granted(backend, held) == [True]
    child.kill()
    child.communicate()
    backend.reap(NOON)
    assert backend.slot_tickets() == []


def test_the_tags_that_are_limited_are_known_and_news_of_them_noticed(backend):
    backend.change_counter()
    assert backend.limited_tags() == frozenset()
    backend.set_limit(limit("tag:库"), NOON)
    backend.set_limit(limit("tag:off", active=False), NOON)
    backend.set_limit(limit("tags"), NOON)
    assert backend.limited_tags() == {"库"}
    backend.delete_limit("tag:库", NOON)
    assert backend.limited_tags() == frozenset()


def test_the_stamp_tells_that_slots_were_freed(backend, take):
    backend.set_limit(limit(), NOON)
    row, _ = take()
    before = backend.slots_stamp()
    assert backend.slots_stamp() == before
    backend.release_slots(row.id, NOON)
    assert backend.slots_stamp() != before


def test_the_stamp_tells_that_who_came_later_has_got_others_their_slots(backend, take):
    backend.set_limit(limit(decay=1.0), NOON)
    take()
    waiting, acquired = take()
    before = backend.slots_stamp()
    take(now=acquired.due)
    assert granted(backend, waiting) == [True]
    assert backend.slots_stamp() != before
