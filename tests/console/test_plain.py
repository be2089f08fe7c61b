"""What a person reads in a file or a pipe, word for word."""

from __future__ import annotations

from functools import partial

import pytest

from noria.core.records import GroupKind, Record
from noria.core.states import Name, StateType
from tests.console.conftest import Attach, Shown
from tests.console.rows import (
    CHILD,
    MS,
    NOON,
    RUN,
    SECOND,
    SteppedClock,
    error,
    flow,
    group,
    log,
    task,
)

FAILED = StateType.FAILED
COMPLETED = StateType.COMPLETED


def test_a_small_run(console: Attach, shown: Shown):
    console().see(
        [
            flow(),
            log("reading"),
            group(1, "clean_data"),
            task(0x3A1, StateType.RUNNING, start=NOON + MS),
            log("done", task=0x3A1, time=NOON + 200 * MS, extra={"user_id": 42, "action": "购买"}),
            task(0x3A1, start=NOON + MS, took=210 * MS),
            flow(COMPLETED, end=NOON + SECOND, message="All states completed."),
        ]
    )
    assert shown() == (
        "12:00:00.000 ◐ flights · brave-otter\n"
        "12:00:00.000 | INFO    | brave-otter | reading\n"
        "12:00:00.200 | INFO    | clean_data-3a1 | done  user_id=42 action=购买\n"
        "12:00:00.211   ✓ clean_data-3a1  0.21 s\n"
        "12:00:01.000 ✓ flights · brave-otter  Completed in 1.00 s\n"
        "               tasks    1 completed\n"
        "               see      noria runs show brave-otter\n"
    )


def test_a_run_that_fails(console: Attach, shown: Shown):
    timeout = error("TimeoutError", "no answer\nfrom api.example.com")
    other = error("ValueError", "13 is no month", "flights.py:55 in month")
    console().see(
        [
            flow(),
            group(1, "fetch"),
            group(2, "month"),
            task(1 << 8, FAILED, took=27 * MS, error=timeout),
            task(2 << 8, FAILED, took=28 * MS, error=timeout),
            task(3 << 8, FAILED, group=2, took=1 * MS, error=other),
            flow(
                FAILED,
                end=NOON + SECOND,
                message="Flow run encountered an exception: ValueError: 13 is no month",
                error=error("ValueError", "13 is no month", "flights.py:80 in flights"),
            ),
        ]
    )
    assert shown() == (
        "12:00:00.000 ◐ flights · brave-otter\n"
        "12:00:00.027   ■ fetch-100  27 ms  TimeoutError: no answer\n"
        "                 from api.example.com\n"
        "                 flights.py:31 in fetch\n"
        "12:00:00.028   ■ fetch-200  28 ms  TimeoutError: no answer\n"
        "                 from api.example.com\n"
        "                 flights.py:31 in fetch\n"
        "12:00:00.028   ■ month-300  1 ms  ValueError: 13 is no month\n"
        "                 flights.py:55 in month\n"
        "12:00:01.000 ■ flights · brave-otter  Failed in 1.00 s\n"
        "               tasks    3 failed\n"
        "               failures ValueError: 13 is no month\n"
        "                        flights.py:55 in month, in month-300\n"
        "                        2 × TimeoutError: no answer from api.example.com\n"
        "                        flights.py:31 in fetch, first in fetch-100\n"
        "               see      noria runs show brave-otter\n"
        "               go on    noria runs resume 00010203-0405-0607-0809-0a0b0c0d0e0f\n"
    )


def test_a_failure_of_the_flow_itself(console: Attach, shown: Shown):
    cause = error("ValueError", "first line\nsecond", "flights.py:80 in flights")
    message = "Flow run encountered an exception: ValueError: first line\nsecond"
    console().see([flow(), flow(FAILED, end=NOON + SECOND, message=message, error=cause)])
    assert shown().splitlines()[1:-2] == [
        "12:00:01.000 ■ flights · brave-otter  Failed in 1.00 s",
        "               failures ValueError: first line second",
        "                        flights.py:80 in flights",
    ]


def test_a_failed_sub_flow_gives_its_reason_at_once(console: Attach, shown: Shown):
    child = partial(flow, id=CHILD, flow="load_all", name="calm-heron", parent=RUN)
    cause = error("ValueError", "odd", "flights.py:80 in load_all")
    console().see(
        [
            flow(),
            group(1, "load_all", kind=GroupKind.FLOW),
            child(),
            child(FAILED, end=NOON + MS, message="…", error=cause),
            task(1, FAILED, child=CHILD, took=MS, error=cause),
            flow(FAILED, end=NOON + SECOND, message="1/1 states failed."),
        ]
    )
    assert shown().splitlines()[1:-2] == [
        "12:00:00.000   ◐ load_all · calm-heron",
        "12:00:00.001   ■ load_all · calm-heron  Failed in 1 ms",
        "                 ValueError: odd",
        "                 flights.py:80 in load_all",
        "12:00:01.000 ■ flights · brave-otter  Failed in 1.00 s",
        "               1/1 states failed.",
        "               1 sub-flow",
        "               failures ValueError: odd",
        "                        flights.py:80 in load_all, in calm-heron",
    ]


def test_the_first_calls_have_lines_and_the_others_are_folded(console: Attach, shown: Shown):
    calls = [task(n << 8, took=n * MS) for n in range(1, 13)]
    console().see([flow(), group(1, "fetch"), *calls, flow(COMPLETED, end=NOON + SECOND)])
    assert shown() == (
        "12:00:00.000 ◐ flights · brave-otter\n"
        "12:00:00.001   ✓ fetch-100  1 ms\n"
        "12:00:00.002   ✓ fetch-200  2 ms\n"
        "12:00:00.003   ✓ fetch-300  3 ms\n"
        "12:00:00.004   ✓ fetch-400  4 ms\n"
        "12:00:00.005   ✓ fetch-500  5 ms\n"
        "12:00:00.012   ✓ fetch ×12  12 ms\n"
        "12:00:01.000 ✓ flights · brave-otter  Completed in 1.00 s\n"
        "               tasks    12 completed\n"
        "               slowest  fetch-c00 12 ms · fetch-b00 11 ms · fetch-a00 10 ms\n"
        "               see      noria runs show brave-otter\n"
    )


def test_a_map_is_one_line_but_its_failures_show(console: Attach, shown: Shown):
    tap = console()
    tap.see([flow(), group(1, "fetch", kind=GroupKind.MAP, expected=3000)])
    for start in range(0, 3000, 100):
        calls: list[Record] = [task(n, took=n) for n in range(start, start + 100)]
        if start == 500:
            calls[7] = task(507, FAILED, took=9 * MS, error=error("OSError", "disk is full"))
        tap.see(calls)
    assert shown() == (
        "12:00:00.000 ◐ flights · brave-otter\n"
        "12:00:00.009   ■ fetch-1fb  9 ms  OSError: disk is full\n"
        "                 flights.py:31 in fetch\n"
        "12:00:00.009   ■ fetch ×3,000  3 ms · 1 failed\n"
    )


def test_the_size_of_a_map_may_become_known_later(console: Attach, shown: Shown):
    calls = [task(n, took=MS) for n in range(30)]
    early, late = group(1, "fetch"), group(1, "fetch", expected=30)
    console().see([flow(), early, late, *calls, flow(COMPLETED, end=NOON + SECOND)])
    assert shown().splitlines()[1] == "12:00:00.001   ✓ fetch ×30  1 ms"
    console().see([flow(), early, *calls[:7], late, *calls[7:]])
    assert shown().splitlines()[6:] == ["12:00:00.001   ✓ fetch ×30  1 ms"]
    console().see([flow(), early, *calls, late])
    assert shown().splitlines()[6:] == ["12:00:00.001   ✓ fetch ×30  1 ms"]


def test_a_group_whose_row_comes_late_gets_its_name(console: Attach, shown: Shown):
    console().see([flow(), task(0x100, took=MS), group(1, "fetch"), task(0x200, took=MS)])
    assert shown().splitlines()[1:] == [
        "12:00:00.001   ✓ task-100  1 ms",
        "12:00:00.001   ✓ fetch-200  1 ms",
    ]


def test_progress_of_a_large_group_is_told_every_few_seconds(
    console: Attach, shown: Shown, stepped: SteppedClock
):
    tap = console()
    tap.see([flow(), group(1, "fetch", expected=500)])
    shown()
    numbers = iter(range(500))
    for _ in range(12):
        stepped.step(1)
        tap.see([task(next(numbers), took=MS) for _ in range(10)])
    assert shown() == (
        "12:00:05.000   ◐ fetch  50 of 500 · 10/s · 45 s left\n"
        "12:00:10.000   ◐ fetch  100 of 500 · 10/s · 40 s left\n"
    )
    stepped.step(60)
    tap.idle()
    stepped.step(60)
    tap.idle()
    assert shown() == "12:01:12.000   ◐ fetch  120 of 500 · 1.7/s · 4 min left\n"


def test_retries_have_a_line_each_until_there_are_many(console: Attach, shown: Shown):
    waits = [
        task(
            n << 8,
            StateType.SCHEDULED,
            state_name=Name.AWAITING_RETRY,
            message="attempt 2 of 4 in 10 s: TimeoutError: no answer",
        )
        for n in range(1, 31)
    ]
    console().see([flow(), group(1, "fetch", expected=500), *waits])
    lines = shown().splitlines()[1:]
    assert len(lines) == 20
    assert lines[0] == (
        "12:00:00.000   ↻ fetch-100  attempt 2 of 4 in 10 s: TimeoutError: no answer"
    )
    assert lines[-1].endswith("(further retries here are only counted)")


def test_a_retried_call_is_one_call(console: Attach, shown: Shown):
    waiting = task(
        0x100, StateType.SCHEDULED, state_name=Name.AWAITING_RETRY, error=error("OSError", "no")
    )
    again = task(0x100, StateType.RUNNING, state_name=Name.RETRYING)
    first = task(0x100, StateType.RUNNING)
    console().see([flow(), group(1, "fetch"), first, waiting, again, task(0x100, took=MS)])
    assert shown().splitlines()[1:] == [
        "12:00:00.000   ↻ fetch-100  attempt 2: OSError: no",
        "12:00:00.001   ✓ fetch-100  1 ms",
    ]


def test_failures_of_one_kind_are_only_counted_when_there_are_very_many(
    console: Attach, shown: Shown
):
    fails = [task(n, FAILED, took=MS, error=error("OSError", "no")) for n in range(80)]
    other = task(99, FAILED, took=MS, error=error("ValueError", "odd"))
    tap = console()
    tap.see([flow(), group(1, "fetch", expected=500), *fails, other])
    tap.see([flow(FAILED, end=NOON + SECOND, message="81 states failed.")])
    text = shown()
    assert text.count("  OSError: no") == 5
    assert text.count("further ones like this are only counted") == 1
    assert text.count("  1 ms  ValueError: odd") == 1
    assert "failures 80 × OSError: no" in text


def test_cached_not_ready_and_cancelled_calls(console: Attach, shown: Shown):
    console().see(
        [
            flow(),
            group(1, "load"),
            task(1 << 8, state_name=Name.CACHED, message="same inputs as calm-heron", took=MS),
            task(2 << 8, StateType.PENDING, state_name=Name.NOT_READY, message="fetch-1 failed"),
            task(3 << 8, StateType.CANCELLED, message="asked for", took=MS),
            task(4 << 8, StateType.CRASHED, message="killed by signal 9", took=MS),
            task(5 << 8, state_name="Skipped", message="nothing to do", took=MS),
            flow(StateType.CANCELLED, end=NOON + SECOND, message="interrupted"),
        ]
    )
    assert shown().splitlines()[1:] == [
        "12:00:00.000   ≈ load-100  same inputs as calm-heron",
        "12:00:00.000   ○ load-200  NotReady: fetch-1 failed",
        "12:00:00.001   ⊘ load-300  1 ms  Cancelled: asked for",
        "12:00:00.001   ▲ load-400  1 ms  killed by signal 9",
        "12:00:00.001   ✓ load-500  1 ms  Skipped: nothing to do",
        "12:00:01.000 ⊘ flights · brave-otter  Cancelled in 1.00 s",
        "               interrupted",
        "               tasks    1 completed · 1 crashed · 1 cancelled · 1 not ready · 1 cached",
        "               failures killed by signal 9",
        "                        in load-400",
        "               see      noria runs show brave-otter",
        "               go on    noria runs resume 00010203-0405-0607-0809-0a0b0c0d0e0f",
    ]


def test_a_resumed_run_says_what_it_did_not_do_again(
    console: Attach, shown: Shown, stepped: SteppedClock
):
    day = 86_400 * SECOND
    done = [
        task(n, group=1 + n % 2, state_name=Name.CACHED, start=NOON - day, took=MS)
        for n in range(7)
    ]
    again = [task(100 + n, group=3, state_name=Name.CACHED, start=NOON - day) for n in range(30)]
    console().see(
        [
            flow(start=NOON - day, epoch=2),
            group(1, "extract"),
            group(2, "清洗"),
            group(3, "fetch", expected=31),
            *done,
            *again,
            task(0x200, group=3, start=NOON, took=MS),
            flow(COMPLETED, start=NOON - day, end=NOON + SECOND, epoch=2),
        ]
    )
    assert shown() == (
        "12:00:00.000 ◐ flights · brave-otter  resumed, execution 2\n"
        "12:00:00.000   ≈ 7 calls not run again: extract ×4, 清洗 ×3\n"
        "12:00:00.001   ✓ fetch ×31  1 ms · 30 cached\n"
        "12:00:01.000 ✓ flights · brave-otter  Completed in 1.00 s\n"
        "               tasks    1 completed · 37 not run again\n"
        "               slowest  fetch-200 1 ms\n"
        "               see      noria runs show brave-otter\n"
    )


def test_sub_flows_are_indented_and_their_task_rows_not_repeated(console: Attach, shown: Shown):
    child = partial(flow, id=CHILD, flow="load_all", name="平静-heron", parent=RUN)
    console().see(
        [
            flow(),
            group(1, "load_all", kind=GroupKind.FLOW),
            task(1, StateType.RUNNING, child=CHILD),
            child(),
            group(1, "load", run=CHILD),
            group(2, "write", run=CHILD, parent=1),
            task(0x700, group=2, run=CHILD, took=2 * MS),
            task(0x800, run=CHILD, took=3 * MS),
            child(COMPLETED, end=NOON + 4 * MS),
            task(1, child=CHILD, took=5 * MS),
            flow(COMPLETED, end=NOON + SECOND),
        ]
    )
    assert shown() == (
        "12:00:00.000 ◐ flights · brave-otter\n"
        "12:00:00.000   ◐ load_all · 平静-heron\n"
        "12:00:00.002       ✓ write-700  2 ms\n"
        "12:00:00.003     ✓ load-800  3 ms\n"
        "12:00:00.004   ✓ load_all · 平静-heron  Completed in 4 ms\n"
        "12:00:01.000 ✓ flights · brave-otter  Completed in 1.00 s\n"
        "               tasks    2 completed · 1 sub-flow\n"
        "               see      noria runs show brave-otter\n"
    )


def test_many_sub_flows_are_folded_with_all_they_do(console: Attach, shown: Shown):
    records: list[Record] = [flow(), group(1, "load_one", kind=GroupKind.FLOW, expected=40)]
    for n in range(40):
        key = bytes([n]) * 16
        child = partial(flow, id=key, flow="load_one", name=f"run-{n}", parent=RUN)
        records += [
            task(n, StateType.RUNNING, child=key),
            child(),
            group(1, "write", run=key),
            task(n << 8, run=key, took=MS),
            child(COMPLETED, end=NOON + MS),
            task(n, child=key, took=2 * MS),
        ]
    console().see([*records, flow(COMPLETED, end=NOON + SECOND)])
    text = shown()
    assert text.count("◐ load_one") == text.count("✓ write") == 5
    assert "  ✓ load_one ×40  2 ms\n" in text
    assert "tasks    40 completed · 40 sub-flows\n" in text


def test_a_flow_that_is_tried_again_counts_its_calls_anew(console: Attach, shown: Shown):
    calls = [task(n, took=MS) for n in range(10)]
    retry = flow(
        StateType.SCHEDULED, state_name=Name.AWAITING_RETRY, message="attempt 2 of 2: OSError: no"
    )
    console().see(
        [
            flow(),
            group(1, "fetch", expected=10),
            *calls,
            retry,
            flow(state_name=Name.RETRYING),
            *calls,
            flow(COMPLETED, end=NOON + SECOND),
        ]
    )
    assert shown().splitlines()[1:6] == [
        "12:00:00.001   ✓ fetch ×10  1 ms",
        "12:00:00.001 ↻ flights · brave-otter  AwaitingRetry: attempt 2 of 2: OSError: no",
        "12:00:00.001   ✓ fetch ×10  1 ms",
        "12:00:01.000 ✓ flights · brave-otter  Completed in 1.00 s",
        "               tasks    20 completed",
    ]


def test_a_paused_flow_says_so_and_says_when_it_goes_on(console: Attach, shown: Shown):
    paused = flow(StateType.PAUSED, state_name=Name.SUSPENDED, message="waits for approval")
    console().see([flow(), paused, paused, flow()])
    assert shown().splitlines()[1:] == [
        "12:00:00.000 ‖ flights · brave-otter  Suspended: waits for approval",
        "               go on    noria runs approve brave-otter",
        "12:00:00.000 ◐ flights · brave-otter  Running",
    ]


def test_rows_that_come_twice_are_told_once(console: Attach, shown: Shown):
    ended = flow(COMPLETED, end=NOON + SECOND)
    one = task(0x100, took=MS)
    console().see([flow(), flow(), group(1, "fetch"), group(1, "fetch"), one, one, ended, ended])
    text = shown()
    assert text.count("◐ flights") == text.count("✓ flights") == text.count("✓ fetch") == 1
    assert "tasks    1 completed\n" in text


def test_log_lines_of_several_lines_and_with_a_traceback(console: Attach, shown: Shown):
    trace = 'Traceback:\n  File "flights.py", line 31, in 取数\nOSError: 磁盘已满'
    console().see(
        [
            log(
                "第一行 🚀\nsecond", level=40, extra={"user": "a b", "n": [1, 2], "exc_text": trace}
            ),
            log("from a library", run=None, logger="sqlalchemy.engine", level=35),
        ]
    )
    assert shown() == (
        "12:00:00.000 | ERROR   | 00010203-0405 | 第一行 🚀\n"
        '             second  user="a b" n=[1, 2]\n'
        "             Traceback:\n"
        '               File "flights.py", line 31, in 取数\n'
        "             OSError: 磁盘已满\n"
        "12:00:00.000 | 35      | sqlalchemy.engine | from a library\n"
    )


def test_a_log_line_finds_its_name_in_a_row_behind_it(console: Attach, shown: Shown):
    console().see([flow(), group(1, "fetch"), log("早", task=0x100), task(0x100, took=MS)])
    assert "| fetch-100 | 早\n" in shown()


def test_a_log_line_behind_the_end_of_its_task_keeps_the_name(console: Attach, shown: Shown):
    console().see([flow(), group(1, "fetch"), task(0x100, took=MS), log("late", task=0x100)])
    assert "| fetch-100 | late\n" in shown()


@pytest.mark.parametrize("level", ["WARNING", "ERROR", "CRITICAL"])
def test_a_run_that_goes_well_is_silent_from_warning_on(
    console: Attach, shown: Shown, stepped: SteppedClock, level: str
):
    tap = console(level=level)
    tap.see([flow(epoch=2), group(1, "fetch", expected=100), log("chatter"), group(2, "load")])
    tap.see([task(1, state_name=Name.CACHED, group=2), *(task(n, took=MS) for n in range(10, 60))])
    stepped.step(30)
    tap.idle()
    tap.see([flow(COMPLETED, end=NOON + SECOND, epoch=2)])
    assert shown() == ""


def test_only_failures_are_told_at_level_error(console: Attach, shown: Shown):
    wait = task(1, StateType.SCHEDULED, state_name=Name.AWAITING_RETRY, message="attempt 2")
    fail = task(0x300, FAILED, took=MS, error=error("OSError", "no"))
    skip = task(0x400, StateType.PENDING, state_name=Name.NOT_READY, message="fetch failed")
    records: list[Record] = [flow(), group(1, "fetch"), wait, log("careful", level=30), skip, fail]
    console(level="WARNING").see(records)
    assert [line[13:] for line in shown().splitlines()] == [
        "  ↻ fetch-001  attempt 2",
        "| WARNING | brave-otter | careful",
        "  ○ fetch-400  NotReady: fetch failed",
        "  ■ fetch-300  1 ms  OSError: no",
        "    flights.py:31 in fetch",
    ]
    console(level="ERROR").see([*records, flow(FAILED, end=NOON + SECOND, message="1 failed")])
    assert shown() == (
        "12:00:00.001   ■ fetch-300  1 ms  OSError: no\n"
        "                 flights.py:31 in fetch\n"
        "12:00:01.000 ■ flights · brave-otter  Failed in 1.00 s\n"
        "               1 failed\n"
        "               tasks    1 failed · 1 not ready\n"
        "               failures OSError: no\n"
        "                        flights.py:31 in fetch, in fetch-300\n"
        "               see      noria runs show brave-otter\n"
        "               go on    noria runs resume 00010203-0405-0607-0809-0a0b0c0d0e0f\n"
    )


def test_a_name_with_spaces_is_quoted_for_the_shell(console: Attach, shown: Shown):
    console().see([flow(COMPLETED, name="三月 report; rm", end=NOON + SECOND)])
    assert "noria runs show '三月 report; rm'\n" in shown()


def test_who_served_is_told(console: Attach, shown: Shown):
    said = "backup served after ConnectionError: no answer"
    served = {"state_name": Name.FALLBACK, "message": said, "error": error("ConnectionError", "no")}
    console().see(
        [
            flow(),
            group(1, "fetch", kind=GroupKind.MAP, expected=30),
            group(2, "load"),
            *[task(n, start=NOON, took=10 * MS, **served) for n in range(4)],
            *[task(n, start=NOON, took=10 * MS) for n in range(4, 30)],
            task(0x1F0, group=2, start=NOON, took=10 * MS, **served),
            flow(COMPLETED, end=NOON + SECOND),
        ]
    )
    told = shown()
    assert "✓ fetch ×30  10 ms · 4 by fallback\n" in told
    assert f"  ⤷ load-1f0  10 ms  Fallback: {said}\n" in told
