"""Circuit breakers as users write them."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

import noria
from noria import CircuitBreaker, CircuitOpen, flow, task
from noria.backend.local import LocalBackend
from noria.circuit_breaker import CircuitState
from noria.core import clock
from noria.core.errors import StoreError
from noria.engine.session import open_session
from noria.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

SECOND = 1_000_000
NOON = 1_795_348_863_000_000


class Steps(clock.Clock):
    """A clock that moves only when it is told to, or while somebody sleeps."""

    def __init__(self) -> None:
        self.time = NOON
        self.ticks = 0.0
        self.on_sleep = lambda: None

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * SECOND)
        self.ticks += seconds
        self.on_sleep()


@pytest.fixture
def steps():
    with clock.use(Steps()) as installed:
        yield installed


@pytest.fixture(params=["store", "memory"])
def breaker(request, steps):
    """A breaker that two failures open for a minute, of each kind."""
    name = "crm" if request.param == "store" else None
    return CircuitBreaker(name, failure_threshold=2, timeout=60)


def fail(error=None):
    raise error or ConnectionError("no answer")


def fails(breaker, times=1, error=None):
    for _ in range(times):
        error = error or ConnectionError("no answer")
        with pytest.raises(type(error)):
            breaker.call(fail, error)


class TestAlone:
    def test_it_opens_and_is_tried_and_closes(self, breaker, steps):
        assert (breaker.state, breaker.failure_count) == ("CLOSED", 0)
        assert breaker.last_failure_time is None
        fails(breaker, 2)
        assert breaker.state is CircuitState.OPEN
        assert breaker.failure_count == 2
        assert breaker.last_failure_time == NOON / 1e6
        with pytest.raises(CircuitOpen):
            breaker.call(max, 1, 2)
        steps.sleep(60)
        assert breaker.call(max, 1, 2) == 2
        assert (breaker.state, breaker.failure_count) == ("CLOSED", 0)

    def test_what_is_raised_says_what_there_is_to_know(self, breaker, steps):
        fails(breaker, 2)
        steps.sleep(10)
        with pytest.raises(CircuitOpen) as caught:
            breaker.call(fail)
        who = "Circuit breaker 'crm'" if breaker.name else "A circuit breaker without a name"
        assert str(caught.value) == (
            f"{who} is open since 12:01:03 UTC: 2 failures in a row, the last with "
            "ConnectionError: no answer; next try at 12:02:03 UTC."
        )
        assert caught.value.name == breaker.name
        assert caught.value.since == clock.to_datetime(NOON) == breaker.since
        assert caught.value.next_try == clock.to_datetime(NOON + 60 * SECOND) == breaker.next_try
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), vars(again)) == (str(caught.value), vars(caught.value))

    def test_during_a_trial_others_are_skipped(self, breaker, steps):
        fails(breaker, 2)
        steps.sleep(60)
        with breaker:
            assert breaker.state == "HALF_OPEN"
            with pytest.raises(CircuitOpen, match="a trial is under way") as caught:
                breaker.call(fail)
            assert caught.value.half_open
        assert breaker.state == "CLOSED"

    @pytest.mark.parametrize("step", [-3600, -30, 3600])
    def test_setting_the_clock_changes_nothing(self, breaker, steps, step):
        fails(breaker, 2)
        steps.time += step * SECOND
        steps.sleep(59)
        with pytest.raises(CircuitOpen):
            breaker.call(max, 1, 2)
        steps.sleep(1)
        assert breaker.call(max, 1, 2) == 2

    def test_a_test_clock_that_only_tells_the_time_is_enough(self, breaker, steps, monkeypatch):
        monkeypatch.setattr(Steps, "monotonic", clock.Clock.monotonic)
        fails(breaker, 2)
        steps.time += 60 * SECOND
        assert breaker.call(max, 1, 2) == 2

    def test_by_hand(self, breaker, steps):
        breaker.trip(timedelta(minutes=5), reason="维护")
        with pytest.raises(CircuitOpen, match="tripped by hand: 维护; next try at 12:06:03 UTC"):
            breaker.call(max, 1, 2)
        assert breaker.last_failure_time == NOON / 1e6
        steps.sleep(300)
        assert breaker.call(max, 1, 2) == 2
        breaker.trip()
        steps.sleep(10**6)
        with pytest.raises(CircuitOpen, match="it stays open until it is reset"):
            breaker.call(max, 1, 2)
        breaker.reset()
        assert breaker.call(max, 1, 2) == 2

    def test_an_interrupted_trial_is_given_back(self, breaker, steps):
        fails(breaker, 2)
        steps.sleep(60)
        with pytest.raises(KeyboardInterrupt), breaker:
            raise KeyboardInterrupt
        assert breaker.state == "HALF_OPEN"
        assert breaker.call(max, 1, 2) == 2

    def test_a_trial_whose_answer_is_lost_is_given_back(self, breaker, steps, monkeypatch):
        fails(breaker, 2)
        steps.sleep(60)
        change = breaker._keeper.change
        asked = []

        def interrupted(*args):
            asked.append(change(*args))
            if len(asked) == 1:
                raise KeyboardInterrupt
            return asked[-1]

        monkeypatch.setattr(breaker._keeper, "change", interrupted)
        with pytest.raises(KeyboardInterrupt):
            breaker.call(max, 1, 2)
        assert asked[0].trial
        assert breaker.call(max, 1, 2) == 2

    def test_exceptions_that_count(self, steps):
        breaker = CircuitBreaker(
            failure_threshold=1, counted=(ConnectionError, ValueError), ignored=UnicodeError
        )
        fails(breaker, error=KeyError("other"))
        fails(breaker, error=UnicodeError("ignored"))
        assert breaker.state == "CLOSED"
        fails(breaker, error=ConnectionRefusedError())
        assert breaker.state == "OPEN"

    def test_what_another_breaker_skips_does_not_count(self, steps):
        inner, outer = CircuitBreaker(failure_threshold=1), CircuitBreaker(failure_threshold=1)
        inner.trip()
        with pytest.raises(CircuitOpen):
            outer.call(inner.call, max, 1, 2)
        assert outer.state == "CLOSED"

    def test_a_share_of_failures(self, steps):
        breaker = CircuitBreaker("mail", failure_rate=0.5, window=30, minimum_calls=4)
        for _ in range(2):
            breaker.call(max, 1, 2)
            fails(breaker)
        assert breaker.state == "OPEN"
        with pytest.raises(CircuitOpen, match="2 of 4 calls within 30 s failed"):
            breaker.call(max, 1, 2)

    def test_threads_share_it(self, breaker):
        fails(breaker)
        began, go = threading.Semaphore(0), threading.Event()

        def late():
            with breaker:
                began.release()
                go.wait(30)
                raise OSError("gone")

        def enter():
            with pytest.raises(OSError, match="gone"):
                late()

        threads = [threading.Thread(target=enter) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert began.acquire(timeout=30)
        with breaker:
            go.set()
            for thread in threads:
                thread.join()
            assert breaker.state == "OPEN"
        assert breaker.state == "OPEN"
        assert breaker._passages == []


class TestDecorator:
    def test_all_kinds_of_functions(self, breaker):
        @breaker
        def plain(n: int) -> int:
            """Doc."""
            return n

        @breaker
        async def coroutine(n):
            return n

        @breaker
        def generator(n):
            yield n

        @breaker
        async def async_generator(n):
            yield n

        class Client:
            @breaker
            def method(self, n):
                return n

            @breaker
            @classmethod
            def by_class(cls, n):
                return n

        async def collected():
            return [item async for item in async_generator(4)]

        def all_of_them():
            return [
                plain(1),
                asyncio.run(coroutine(2)),
                *generator(3),
                *asyncio.run(collected()),
                Client().method(5),
                Client.by_class(6),
            ]

        assert all_of_them() == [1, 2, 3, 4, 5, 6]
        assert (plain.__name__, plain.__doc__) == ("plain", "Doc.")
        breaker.trip()
        for call in (
            lambda: plain(1),
            lambda: asyncio.run(coroutine(2)),
            lambda: list(generator(3)),
            lambda: asyncio.run(collected()),
            lambda: Client().method(5),
            lambda: Client.by_class(6),
        ):
            with pytest.raises(CircuitOpen):
                call()

    def test_leaving_a_generator_early_says_nothing(self, breaker, steps):
        @breaker
        def numbers():
            yield from range(9)

        fails(breaker, 2)
        steps.sleep(60)
        items = numbers()
        next(items)
        items.close()
        assert breaker.state == "HALF_OPEN"
        assert list(numbers()) == list(range(9))
        assert breaker.state == "CLOSED"

    def test_over_tasks_and_flows(self, breaker):
        @breaker
        @task(name="load it")
        def load():
            return 1

        @breaker
        @flow(name="all of it")
        def whole():
            return load()

        assert (load.name, whole.name) == ("load it", "all of it")
        assert load.circuit_breaker is breaker
        assert whole() == 1
        breaker.trip()
        assert whole(return_state=True).message.startswith("Flow run encountered an exception")
        with pytest.raises(CircuitOpen):
            load()

    def test_on_something_else(self, breaker):
        with pytest.raises(TypeError, match=r"decorates functions; got 3\."):
            breaker(3)


class TestAsync:
    def test_as_a_context(self, breaker):
        async def once():
            async with breaker:
                await asyncio.sleep(0)  # noqa: TID251 - gives others a turn
                fail()

        async def main():
            for expected in (ConnectionError, ConnectionError, CircuitOpen):
                with pytest.raises(expected):
                    await once()

        asyncio.run(main())

    def test_one_of_many_makes_the_trial_and_a_cancel_gives_it_back(self, breaker, steps):
        fails(breaker, 2)
        steps.sleep(60)

        @breaker
        async def hang():
            await asyncio.Event().wait()

        async def main():
            calls = [asyncio.ensure_future(hang()) for _ in range(5)]
            done, (trial,) = await asyncio.wait(calls, return_when="ALL_COMPLETED", timeout=0.01)
            assert [type(call.exception()) for call in done] == [CircuitOpen] * 4
            trial.cancel()
            with pytest.raises(asyncio.CancelledError):
                await trial

        asyncio.run(main())
        assert breaker.state == "HALF_OPEN"
        assert breaker.call(max, 1, 2) == 2


class TestObject:
    def test_a_task_that_works_it_by_hand(self):
        breaker = CircuitBreaker(failure_threshold=2, timeout=60)
        self.works_by_hand(breaker)

    def test_the_same_in_the_store(self):
        self.works_by_hand(CircuitBreaker("by-hand", failure_threshold=2, timeout=60))
        assert CircuitBreaker("by-hand").state == "CLOSED"

    @staticmethod
    def works_by_hand(breaker):
        @task(name="risky")
        def risky(works, breaker):
            if breaker.state == "OPEN":
                if clock.now() / 1e6 - breaker.last_failure_time > breaker.timeout:
                    breaker.state = "HALF_OPEN"
                else:
                    raise RuntimeError("skipped")
            try:
                if not works:
                    raise ConnectionError
                breaker.failure_count = 0
                breaker.state = "CLOSED"
            except ConnectionError:
                breaker.failure_count += 1
                breaker.last_failure_time = clock.now() / 1e6
                if breaker.failure_count >= breaker.failure_threshold:
                    breaker.state = "OPEN"
                raise
            return breaker.state

        @flow
        def guide(*attempts):
            states = [risky(works, breaker, return_state=True) for works in attempts]
            return [type(state.data).__name__ for state in states]

        ended = guide(False, False, True)
        assert ended == ["ConnectionError", "ConnectionError", "RuntimeError"]
        assert (breaker.state, breaker.failure_count) == ("OPEN", 2)
        breaker.last_failure_time = clock.now() / 1e6 - 61
        assert guide(True) == ["CircuitState"]
        assert (breaker.state, breaker.failure_count) == ("CLOSED", 0)

    def test_copies_are_the_same_breaker(self):
        breaker = CircuitBreaker()
        assert copy.deepcopy([breaker])[0] is copy.copy(breaker) is breaker

    def test_sent_to_another_process(self):
        named = CircuitBreaker("crm", 7, 8, counted=OSError, retries_wait=True)
        again = pickle.loads(pickle.dumps(named))
        assert (again.name, again.rules, again.counted) == ("crm", named.rules, (OSError,))
        assert again.retries_wait
        assert repr(again) == "CircuitBreaker('crm')"
        unnamed = pickle.loads(pickle.dumps(CircuitBreaker()))
        with pytest.raises(RuntimeError, match="Give it a name"):
            unnamed.call(max, 1, 2)

    def test_the_names_of_its_state(self, breaker):
        with pytest.raises(ValueError, match="one of CLOSED, OPEN, HALF_OPEN; got 'open'"):
            breaker.state = "open"
        with pytest.raises(TypeError, match="failure_count"):
            breaker.failure_count = "3"

    @pytest.mark.parametrize(
        ("options", "error", "said"),
        [
            ({"name": 5}, TypeError, "Numbers go by name"),
            ({"name": "a/b"}, ValueError, "invalid character"),
            ({"failure_threshold": 0}, ValueError, "'failure_threshold' must be 1 or more; got 0"),
            ({"failure_threshold": 2.5}, TypeError, "whole number; got 2.5"),
            ({"timeout": 0}, ValueError, "'timeout' must be above 0"),
            ({"timeout": "60"}, TypeError, "'timeout' takes seconds or a timedelta; got '60'"),
            ({"failure_rate": 50}, ValueError, "at most 1; got 50"),
            ({"counted": "OSError"}, TypeError, "'counted' takes exception classes"),
        ],
    )
    def test_options_that_cannot_be(self, options, error, said):
        with pytest.raises(error, match=said):
            CircuitBreaker(**options)

    def test_a_store_that_is_out_of_reach_stops_nobody(self, monkeypatch, caplog):
        breaker = CircuitBreaker("crm")

        def unreachable(*args):
            raise StoreError("The disk is full.")

        monkeypatch.setattr(LocalBackend, "change_breaker", unreachable)
        with caplog.at_level(logging.WARNING, "noria.circuit_breaker"):
            assert breaker.call(max, 1, 2) == 2
        assert "lets a call through without being asked: The disk is full." in caplog.text

    def test_changes_are_logged(self, breaker, steps, caplog):
        with caplog.at_level(logging.INFO, "noria.circuit_breaker"):
            fails(breaker, 2)
            steps.sleep(60)
            breaker.call(max, 1, 2)
        said = [(line.levelname, line.message.partition(" has ")[2]) for line in caplog.records]
        assert said[0][1].startswith("opened: 2 failures in a row")
        assert [level for level, _ in said] == ["WARNING", "INFO", "INFO"]


class TestTask:
    def test_an_open_breaker_skips_the_call(self, steps):
        calls = []

        @task(circuit_breaker=CircuitBreaker("crm", failure_threshold=2, timeout=60))
        def fetch(n):
            calls.append(n)
            raise ConnectionError("no answer")

        @flow(on_unobserved_failure="ignore")
        def crawl():
            return [fetch(n, return_state=True) for n in range(4)]

        states = crawl(return_state=True).data
        assert calls == [0, 1]
        assert [type(state.data) for state in states] == [ConnectionError] * 2 + [CircuitOpen] * 2
        assert states[3].message.startswith("Circuit breaker 'crm' is open since 12:01:03 UTC")
        rows = open_session().backend.task_runs(states[3].state_details.flow_run_id.bytes)
        assert [(row.run_count, row.start is None) for row in rows] == [(1, False)] * 2 + [
            (0, True)
        ] * 2
        with pytest.raises(CircuitOpen):
            fetch(9)

    def test_every_attempt_counts_and_retries_are_used_up(self, steps):
        calls = []

        @task(
            retries=4,
            retry_delay_seconds=1,
            circuit_breaker=CircuitBreaker("crm", failure_threshold=2, timeout=60),
        )
        def fetch():
            calls.append(clock.now())
            raise ConnectionError

        with pytest.raises(CircuitOpen):
            fetch()
        assert len(calls) == 2

    def test_retries_may_wait_for_it(self, steps):
        calls = []

        @task(
            retries=2,
            circuit_breaker=CircuitBreaker(
                "crm", failure_threshold=1, timeout=60, retries_wait=True
            ),
        )
        def fetch():
            calls.append((clock.now() - NOON) / SECOND)
            if len(calls) < 3:
                raise ConnectionError
            return "there"

        @flow
        def crawl():
            return fetch()

        assert crawl() == "there"
        assert calls == [0, 60, 120]

    def test_the_first_attempt_waits_too_when_there_are_retries(self, steps):
        breaker = CircuitBreaker("crm", timeout=60, retries_wait=True)

        @task(circuit_breaker=breaker)
        def fetch():
            return clock.now() - NOON

        breaker.trip(60)
        with pytest.raises(CircuitOpen):
            fetch()
        assert fetch.with_options(retries=1)() == 60 * SECOND

    def test_who_waits_notices_a_reset(self, steps):
        breaker = CircuitBreaker("crm", retries_wait=True)
        breaker.trip()
        slept = []

        def person():
            slept.append(clock.now())
            if len(slept) == 3:
                breaker.reset()

        steps.on_sleep = person

        @task(retries=1, circuit_breaker=breaker)
        def fetch():
            return len(slept)

        assert fetch() == 3

    def test_states_on_record_while_it_waits(self, steps):
        breaker = CircuitBreaker("crm", retries_wait=True)
        breaker.trip(30, reason="maintenance")

        @task(retries=1, circuit_breaker=breaker)
        def fetch():
            return noria.runtime.task_run.id

        @flow
        def crawl():
            return fetch(return_state=True)

        run_id = crawl(return_state=True).state_details.flow_run_id
        (row,) = open_session().backend.task_runs(run_id.bytes)
        assert "AwaitingRetry" in row.history
        assert "tripped by hand: maintenance" in row.history
        assert row.run_count == 1

    def test_a_returned_failure_counts(self, steps):
        breaker = CircuitBreaker("crm", failure_threshold=1)

        @task(circuit_breaker=breaker)
        def fetch():
            return noria.states.Failed(message="half of it is missing")

        fetch(return_state=True)
        assert breaker.state == "OPEN"

    def test_async_submitted_and_mapped(self):
        breaker = CircuitBreaker("crm", failure_threshold=3)

        @task(circuit_breaker=breaker)
        async def fetch(n):
            raise ConnectionError(n)

        @flow(task_runner=ThreadPoolTaskRunner(max_workers=1), on_unobserved_failure="ignore")
        async def crawl():
            futures = fetch.map(range(5))
            states = [future.state for future in futures if future.wait() is None]
            return [type(state.data).__name__ for state in states]

        ended = asyncio.run(crawl())
        assert ended == ["ConnectionError"] * 3 + ["CircuitOpen"] * 2

    def test_options(self):
        breaker = CircuitBreaker("crm")

        @task(circuit_breaker=breaker)
        def fetch(): ...

        assert fetch.with_options(retries=1).circuit_breaker is breaker
        assert fetch.with_options(circuit_breaker=None).circuit_breaker is None
        with pytest.raises(TypeError, match="'circuit_breaker' takes a CircuitBreaker, such as"):
            task(circuit_breaker="crm")(fail)

    def test_a_cancelled_trial_is_given_back(self, steps):
        breaker = CircuitBreaker("crm", failure_threshold=1)

        @task(circuit_breaker=breaker)
        def fetch():
            raise KeyboardInterrupt

        fails(breaker)
        steps.sleep(60)
        with pytest.raises(KeyboardInterrupt):
            fetch()
        assert breaker.state == "HALF_OPEN"
        assert breaker.call(max, 1, 2) == 2

    def test_a_trial_whose_end_could_not_be_told_is_given_back(self, steps, monkeypatch):
        breaker = CircuitBreaker("crm", failure_threshold=1)
        change = breaker._keeper.change
        asked = []

        def interrupted(event, *args):
            asked.append(event)
            if len(asked) == 2:
                raise KeyboardInterrupt
            return change(event, *args)

        @task(circuit_breaker=breaker)
        def fetch():
            return 1

        fails(breaker)
        steps.sleep(60)
        monkeypatch.setattr(breaker._keeper, "change", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch()
        assert breaker.call(max, 1, 2) == 2


shared = CircuitBreaker("shared", failure_threshold=2)


@task(circuit_breaker=shared)
def option(n):
    raise ConnectionError(n)


@task
@shared
def decorated(n):
    raise ConnectionError(n)


@task
def handed(breaker, n):
    with breaker:
        raise ConnectionError(n)


class TestProcesses:
    @pytest.mark.parametrize("how", ["option", "decorated", "handed"])
    def test_children_share_it(self, how):
        call = {
            "option": option.submit,
            "decorated": decorated.submit,
            "handed": lambda n: handed.submit(shared, n),
        }[how]

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=1), on_unobserved_failure="ignore")
        def crawl():
            states = [call(n) for n in range(3)]
            for state in states:
                state.wait()
            return [type(each.state.data).__name__ for each in states]

        assert crawl() == ["ConnectionError", "ConnectionError", "CircuitOpen"]
        assert (shared.state, shared.failure_count) == ("OPEN", 2)

    def test_another_process_finds_it_as_this_one_left_it(self):
        shared.trip(reason="维护")
        script = "from noria import CircuitBreaker; CircuitBreaker('shared').call(print, 'called')"
        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False
        )
        assert ended.stdout == ""
        assert "CircuitOpen: Circuit breaker 'shared' is open" in ended.stderr
        assert "tripped by hand: 维护" in ended.stderr

    def test_the_trial_of_a_killed_process_goes_to_the_next(self):
        breaker = CircuitBreaker("shared", failure_threshold=1, timeout=0.001)
        fails(breaker)
        script = (
            "import os\nfrom noria import CircuitBreaker\n"
            "with CircuitBreaker('shared', failure_threshold=1, timeout=0.001) as breaker:\n"
            "    print(breaker.state, flush=True)\n    input()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout.readline() == "HALF_OPEN\n"
            with pytest.raises(CircuitOpen, match="a trial is under way"):
                breaker.call(max, 1, 2)
            holder.kill()
        assert breaker.call(max, 1, 2) == 2
        assert breaker.state == "CLOSED"
