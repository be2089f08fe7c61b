"""Any order of drawing, giving back, giving up, dying and changing limits: never too many slots
held, nobody overtaken, nobody waiting without a reason, and nothing left behind."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from noria.backend.local import LocalBackend
from noria.core.slots import LimitRow, Pool, TicketRow
from tests.conformance.conftest import LOCATIONS
from tests.conformance.rows import LEASE, NOON, limit, process, ticket

NAMES = ("a", "b", "c")
KEYS = ("", "k")
POOLS = st.sets(st.builds(Pool, st.sampled_from(NAMES), st.sampled_from(KEYS)), min_size=1)


class Slots(RuleBasedStateMachine):
    location: Any

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        folder = Path(self.open.enter_context(TemporaryDirectory()))
        self.backend = LocalBackend(self.open.enter_context(self.location(folder)))
        self.limits: dict[str, LimitRow] = {}
        self.before: dict[bytes, TicketRow] = {}
        self.now: dict[bytes, TicketRow] = {}
        self.time = NOON
        self.processes = [self._process() for _ in range(2)]

    def teardown(self) -> None:
        for held in self.backend.slot_tickets():
            self.backend.release_slots(held.id, self.time)
        assert self.backend.slot_tickets() == []
        assert all((use.held, use.waiting) == (0, 0) for use in self.backend.limits())
        self.backend.close()
        self.open.close()

    def _process(self) -> bytes:
        row = process(beat=self.time)
        self.backend.register_process(row)
        return row.id

    @initialize(slots=st.integers(1, 3))
    def make_limits(self, slots: int) -> None:
        for name in NAMES[:2]:
            self._set(limit(name, slots))

    def _set(self, row: LimitRow) -> None:
        self.limits[row.name] = row
        self.backend.set_limit(row, self.time)

    @rule(
        name=st.sampled_from(NAMES),
        slots=st.integers(0, 3),
        active=st.sampled_from([True] * 3 + [False]),
    )
    def change_limit(self, name: str, slots: int, active: bool) -> None:
        self._set(limit(name, slots, active=active))

    @rule(name=st.sampled_from(NAMES))
    def delete_limit(self, name: str) -> None:
        assert self.backend.delete_limit(name, self.time) == (name in self.limits)
        self.limits.pop(name, None)

    @rule(pools=POOLS, occupy=st.integers(1, 3), nested=st.booleans(), owner=st.integers(0, 1))
    def draw(self, pools: set[Pool], occupy: int, nested: bool, owner: int) -> None:
        held = [self.limits[pool.name] for pool in pools if pool.name in self.limits]
        if any(row.active and occupy > row.slots for row in held):
            return
        changes = {"pools": tuple(sorted(pools)), "occupy": occupy, "nested": nested}
        drawn = ticket(self.processes[owner], **changes)
        acquired = self.backend.acquire_slots(drawn, self.time)
        assert set(acquired.found) == {row.name for row in held}
        kept = {row.id: row for row in self.backend.slot_tickets()}
        assert (drawn.id in kept) == bool(held)
        if held:
            assert acquired.granted == (kept[drawn.id].granted is not None)

    @rule(which=st.integers(0, 50))
    def give_back(self, which: int) -> None:
        if self.now:
            one = list(self.now)[which % len(self.now)]
            assert self.backend.release_slots(one, self.time)

    @rule(which=st.integers(0, 50))
    def give_up(self, which: int) -> None:
        if self.now:
            one = list(self.now)[which % len(self.now)]
            assert self.backend.withdraw_slots(one, self.time) == (
                self.now[one].granted is not None
            )

    @rule(owner=st.integers(0, 1))
    def die(self, owner: int) -> None:
        self.time += LEASE + 1
        self.backend.beat(self.processes[1 - owner], self.time)
        dead, self.processes[owner] = self.processes[owner], self._process()
        self.backend.settle_slots(self.time)
        assert all(row.process != dead for row in self.backend.slot_tickets())

    @invariant()
    def rules_hold(self) -> None:
        self.before = self.now
        tickets = self.backend.slot_tickets()
        assert [row.number for row in tickets] == sorted({row.number for row in tickets})
        self.now = {row.id: row for row in tickets}
        for row in tickets:
            if row.granted is None:
                assert self._has_reason_to_wait(row)
            elif row.id not in self.before or self.before[row.id].granted is None:
                self._was_next(row)

    def _limited(self, row: TicketRow) -> set[Pool]:
        return {
            pool for pool in row.pools if pool.name in self.limits and self.limits[pool.name].active
        }

    def _used(self, pool: Pool) -> int:
        return sum(
            row.occupy for row in self.now.values() if row.granted is not None and pool in row.pools
        )

    def _in_front(self, row: TicketRow) -> bool:
        return any(
            other.granted is None
            and other.number < row.number
            and self._limited(other) & self._limited(row)
            for other in self.now.values()
        )

    def _has_reason_to_wait(self, row: TicketRow) -> bool:
        short = any(
            self._used(pool) + row.occupy > self.limits[pool.name].slots
            for pool in self._limited(row)
        )
        return short or (not row.nested and self._in_front(row))

    def _was_next(self, row: TicketRow) -> None:
        for pool in self._limited(row):
            assert self._used(pool) <= self.limits[pool.name].slots
        assert row.nested or not self._in_front(row)


@pytest.mark.parametrize("kind", LOCATIONS)
def test_slots_in_any_order(kind, request):
    bounded = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)
    location = staticmethod(partial(LOCATIONS[kind], request))
    machine = type("Slots", (Slots,), {"location": location})
    run_state_machine_as_test(machine, settings=bounded)
