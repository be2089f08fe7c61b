"""The state machine of circuit breakers."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from noria.core import breakers
from noria.core.breakers import (
    BreakerRow,
    CircuitState,
    Enter,
    Holder,
    Leave,
    Moment,
    Outcome,
    Put,
    Reset,
    Rules,
    Trip,
)

SECOND = 1_000_000
MINUTE = 60 * SECOND
NOON = 1_795_348_863_000_000
HERE = Holder(b"process", 1, 1)
RULES = Rules(timeout=MINUTE, failure_threshold=3)
CLOSED, OPEN, HALF_OPEN = CircuitState


class Bench:
    """One breaker, a host with a clock, and calls by number."""

    def __init__(self, rules: Rules = RULES, boot: str = "boot") -> None:
        self.rules = rules
        self.moment = Moment(NOON, 5 * SECOND, boot)
        self.row = breakers.fresh("crm", rules, self.moment)
        self.lives = True
        self.generations: dict[int, int] = {}

    def pass_time(self, span: int) -> None:
        self.moment = self.moment._replace(
            wall=self.moment.wall + span, ticks=self.moment.ticks + span
        )

    def set_clock(self, by: int) -> None:
        self.moment = self.moment._replace(wall=self.moment.wall + by)

    def happens(self, event: breakers.Event) -> breakers.Answer:
        before = self.row
        answer = breakers.step(before, self.rules, event, self.moment, lambda row: self.lives)
        self.row = answer.row
        assert self.row.revision == before.revision + (self.row is not before)
        return answer

    def enters(self, call: int) -> bool:
        answer = self.happens(Enter(bytes([call]), HERE))
        self.generations[call] = self.row.generation
        return answer.admitted

    def leaves(self, call: int, outcome: Outcome, error: str = "E: no") -> CircuitState:
        event = Leave(bytes([call]), self.generations[call], outcome, error)
        return self.happens(event).row.state

    def makes(self, *outcomes: Outcome) -> CircuitState:
        for outcome in outcomes:
            assert self.enters(0)
            self.leaves(0, outcome)
        return self.row.state

    def fails(self, times: int = 1) -> CircuitState:
        return self.makes(*[Outcome.FAILURE] * times)


def test_it_opens_after_so_many_failures_in_a_row():
    bench = Bench()
    assert bench.fails(2) is CLOSED
    assert bench.makes(Outcome.SUCCESS) is CLOSED
    assert bench.row.failures == 0
    assert bench.fails(2) is CLOSED
    assert bench.fails() is OPEN
    assert bench.row.reason == "3 failures in a row, the last with E: no"
    assert not bench.enters(1)


def test_what_says_nothing_counts_for_nothing():
    bench = Bench()
    assert bench.fails(2) is CLOSED
    assert bench.makes(Outcome.NEITHER) is CLOSED
    assert bench.row.failures == 2
    assert bench.fails() is OPEN


def test_after_its_time_one_call_at_a_time_is_let_through():
    bench = Bench()
    bench.fails(3)
    bench.pass_time(MINUTE - 1)
    assert not bench.enters(1)
    bench.pass_time(1)
    assert bench.enters(1)
    assert bench.row.state is HALF_OPEN
    assert not bench.enters(2)
    assert bench.leaves(1, Outcome.SUCCESS) is CLOSED
    assert bench.enters(2)
    assert (bench.row.failures, bench.row.reason) == (0, None)


def test_a_trial_that_fails_opens_it_for_as_long_again():
    bench = Bench()
    bench.fails(3)
    bench.pass_time(MINUTE)
    assert bench.fails() is OPEN
    assert bench.row.reason == "a trial failed with E: no"
    assert bench.row.failures == 4
    bench.pass_time(MINUTE - 1)
    assert not bench.enters(1)
    bench.pass_time(1)
    assert bench.enters(1)


def test_a_trial_that_says_nothing_is_given_back():
    bench = Bench()
    bench.fails(3)
    bench.pass_time(MINUTE)
    assert bench.enters(1)
    assert bench.leaves(1, Outcome.NEITHER) is HALF_OPEN
    assert bench.enters(2)
    assert bench.leaves(2, Outcome.SUCCESS) is CLOSED


@pytest.mark.parametrize("lost", ["dead", "late"])
def test_a_trial_that_is_lost_goes_to_another_call(lost):
    bench = Bench()
    bench.fails(3)
    bench.pass_time(MINUTE)
    assert bench.enters(1)
    if lost == "dead":
        bench.lives = False
    else:
        bench.pass_time(RULES.trial_timeout)
    assert bench.enters(2)
    bench.lives = True
    assert not bench.enters(3)
    # Whoever lost it has no say any more.
    assert bench.leaves(1, Outcome.FAILURE) is HALF_OPEN
    assert bench.leaves(2, Outcome.SUCCESS) is CLOSED


def test_calls_that_began_before_it_opened_have_no_say():
    bench = Bench()
    assert bench.enters(1)
    assert bench.enters(2)
    assert bench.enters(3)
    bench.fails(3)
    before = bench.row
    assert bench.leaves(1, Outcome.SUCCESS) is OPEN
    assert bench.leaves(2, Outcome.FAILURE) is OPEN
    assert bench.row is before
    bench.happens(Reset())
    assert bench.leaves(3, Outcome.FAILURE) is CLOSED
    assert bench.row.failures == 0


@pytest.mark.parametrize("step", [-365 * 24 * 3600 * SECOND, -30 * SECOND, 3600 * SECOND])
def test_setting_the_clock_neither_shortens_nor_lengthens_the_time(step):
    bench = Bench()
    bench.fails(3)
    bench.pass_time(20 * SECOND)
    bench.set_clock(step)
    assert not bench.enters(1)
    bench.pass_time(40 * SECOND - 1)
    assert not bench.enters(1)
    assert breakers.remaining(bench.row, bench.moment) == 1
    bench.pass_time(1)
    assert bench.enters(1)


@pytest.mark.parametrize("boot", ["", "another"])
def test_without_ticks_to_compare_a_clock_set_back_lengthens_it_by_no_more_than_it_was_open(boot):
    bench = Bench()
    bench.fails(3)
    bench.pass_time(20 * SECOND)
    bench.moment = Moment(bench.moment.wall - 3600 * SECOND, 1, boot)
    assert not bench.enters(1)
    bench.pass_time(MINUTE - 1)
    assert not bench.enters(1)
    bench.pass_time(1)
    assert bench.enters(1)


def test_after_a_boot_the_wall_clock_tells():
    bench = Bench()
    bench.fails(3)
    bench.moment = Moment(NOON + MINUTE - 1, 0, "another")
    assert not bench.enters(1)
    bench.pass_time(1)
    assert bench.enters(1)


def test_a_share_of_failures_within_a_window_opens_it():
    rules = Rules(MINUTE, failure_rate=0.5, window=20 * SECOND, minimum_calls=4)
    bench = Bench(rules)
    ok, bad = Outcome.SUCCESS, Outcome.FAILURE
    assert bench.makes(bad, bad, bad) is CLOSED
    bench.pass_time(20 * SECOND)
    # Those are past.
    assert bench.makes(bad, ok, ok) is CLOSED
    assert breakers.window_of(bench.row, rules, bench.moment) == (3, 1)
    assert bench.makes(ok, ok, bad) is CLOSED
    assert bench.makes(bad) is CLOSED
    assert bench.makes(bad) is OPEN
    assert bench.row.reason == "4 of 8 calls within 20 s failed, the last with E: no"
    bench.pass_time(MINUTE)
    assert bench.makes(ok) is CLOSED
    assert breakers.window_of(bench.row, rules, bench.moment) == (0, 0)


def test_the_call_that_makes_enough_calls_may_be_one_that_succeeds():
    bench = Bench(Rules(MINUTE, failure_rate=0.5, minimum_calls=3))
    assert bench.makes(Outcome.FAILURE, Outcome.FAILURE) is CLOSED
    assert bench.makes(Outcome.SUCCESS) is OPEN


def test_a_window_stays_small():
    bench = Bench(Rules(MINUTE, failure_rate=1.0, minimum_calls=10_000))
    for _ in range(300):
        bench.makes(Outcome.SUCCESS)
        bench.pass_time(SECOND)
    assert len(bench.row.calls) < 500
    assert breakers.window_of(bench.row, bench.rules, bench.moment)[0] in range(57, 61)


def test_by_hand_it_is_opened_for_a_time_or_until_it_is_reset():
    bench = Bench()
    bench.happens(Trip(5 * SECOND, "maintenance"))
    assert bench.row.reason == "tripped by hand: maintenance"
    assert not bench.enters(1)
    bench.pass_time(5 * SECOND)
    assert bench.enters(1)
    bench.happens(Trip())
    bench.pass_time(10**12)
    assert not bench.enters(2)
    assert breakers.remaining(bench.row, bench.moment) is None
    bench.happens(Reset())
    assert bench.enters(2)


def test_its_fields_can_be_set():
    bench = Bench()
    bench.happens(Put("failures", 3))
    bench.happens(Put("last_failure", 17))
    bench.happens(Put("state", "OPEN"))
    assert bench.row[:2] == ("crm", OPEN)
    assert (bench.row.failures, bench.row.last_failure) == (3, 17)
    assert not bench.enters(1)
    bench.happens(Put("state", "HALF_OPEN"))
    assert bench.enters(1)
    assert not bench.enters(2)
    bench.happens(Put("state", "CLOSED"))
    assert bench.enters(2)
    assert bench.row.reason is None


def test_a_closed_breaker_that_nothing_happens_to_is_not_written_again():
    bench = Bench()
    assert bench.enters(1)
    assert bench.row.revision == 1
    before = bench.row
    assert bench.enters(2)
    bench.leaves(1, Outcome.SUCCESS)
    bench.leaves(2, Outcome.NEITHER)
    assert bench.row is before
    bench.rules = RULES._replace(failure_threshold=9)
    assert bench.enters(3)
    assert breakers.rules_of(bench.row).failure_threshold == 9


def test_a_refusal_says_since_when_why_and_when_next():
    bench = Bench()
    bench.fails(3)
    assert breakers.refusal(bench.row, bench.moment) == (
        "Circuit breaker 'crm' is open since 12:01:03 UTC: 3 failures in a row, the last with "
        "E: no; next try at 12:02:03 UTC."
    )
    bench.pass_time(MINUTE)
    bench.enters(1)
    assert breakers.refusal(bench.row, bench.moment) == (
        "Circuit breaker 'crm' is half open since 12:02:03 UTC: a trial is under way; next try "
        "when it has ended, at 12:12:03 UTC at the latest."
    )
    bench.happens(Trip())
    bench.pass_time(24 * 60 * MINUTE)
    assert breakers.refusal(bench.row, bench.moment).endswith(
        "is open since 2026-11-22 12:02:03 UTC: tripped by hand; it stays open until it is reset "
        "(noria breaker reset crm)."
    )


CALLS = st.integers(0, 4)
SPANS = st.sampled_from([1, SECOND, MINUTE // 2, MINUTE, 601 * SECOND])


class BreakerMachine(RuleBasedStateMachine):
    """Whatever happens, one trial is made at a time, and only when it is due."""

    @initialize(rules=st.sampled_from([RULES, Rules(MINUTE, failure_rate=0.5, minimum_calls=2)]))
    def begin(self, rules):
        self.bench = Bench(rules)
        self.inside = set()
        self.opened = self.trial_began = 0

    def note(self, before: BreakerRow) -> None:
        row, now = self.bench.row, self.bench.moment.ticks
        if row.generation != before.generation and row.state is OPEN:
            self.opened = now
        if row.trial not in (None, before.trial):
            self.trial_began, self.bench.lives = now, True

    @rule(call=CALLS)
    def enter(self, call):
        bench, before = self.bench, self.bench.row
        if call in self.inside:
            return
        admitted = bench.enters(call)
        if admitted:
            self.inside.add(call)
        now = bench.moment.ticks
        if before.state is CLOSED:
            assert admitted
        elif before.state is OPEN:
            assert admitted == (before.until is not None and now - self.opened >= MINUTE)
        else:
            late = now - self.trial_began >= bench.rules.trial_timeout
            assert admitted == (before.trial is None or late or not bench.lives)
        self.note(before)

    @rule(call=CALLS, outcome=st.sampled_from(Outcome))
    def leave(self, call, outcome):
        bench, before = self.bench, self.bench.row
        if call not in self.inside:
            return
        self.inside.remove(call)
        # Tokens are used again here, generations are not.
        trial = before.trial == bytes([call]) and before.generation == bench.generations[call]
        after = bench.leaves(call, outcome)
        if trial:
            assert after is (CLOSED, OPEN, HALF_OPEN)[outcome]
        elif before.state is not CLOSED:
            assert bench.row is before
        self.note(before)

    @rule(span=SPANS)
    def pass_time(self, span):
        self.bench.pass_time(span)

    @rule(span=SPANS, sign=st.sampled_from([1, -1]))
    def set_clock(self, span, sign):
        self.bench.set_clock(sign * span)

    @rule()
    def die(self):
        self.bench.lives = False

    @rule(event=st.sampled_from([Trip(MINUTE), Trip(), Reset()]))
    def by_hand(self, event):
        before = self.bench.row
        self.bench.happens(event)
        self.note(before)

    @invariant()
    def a_trial_is_made_while_half_open_and_only_a_closed_one_has_no_reason(self):
        row = self.bench.row
        assert row.trial is None or row.state is HALF_OPEN
        assert (row.state is CLOSED) == (row.reason is None)


TestBreakerMachine = BreakerMachine.TestCase
