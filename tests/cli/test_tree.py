"""A run as a tree with a timeline."""

from __future__ import annotations

import json

import pytest

from noria.cli.runs.view import collect
from noria.cli.text import uncolored, width
from noria.cli.tree import render
from noria.core.records import GroupKind
from noria.core.states import Name, StateType
from tests.cli.conftest import NOW
from tests.cli.rows import BOOM, SECOND, START, batch, counts, flow_run, group, run_id, task_run


@pytest.fixture
def lines(store):
    """The lines of a run, at 100 columns."""

    def shown(run, limit=100):
        view = collect(store, run, NOW)
        return render(view, NOW, limit, uncolored, utc=True)

    return shown


def text(lines):
    return "\n".join(lines) + "\n"


FAILED = """\
■ brave-otter-1  Failed after 10.0 s
  run        01a1ee56-61e8
  flow       flights  (flights.py:flights)
  started    2026-11-18 11:06:41 UTC, 59s ago
  parameters year=2013, 城市='上海'
  tags       prod, nyc
  error      ValueError: bad row 17
  at         flights.py:41 in clean

                              calls    took  0          2 s        4 s        6 s        8 s
✓ extract                         1  1.00 s       ━━━━━━
■ 清洗  map                      12  6.00 s             ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
│ 4 cached · 3 failed
│ cached: completed in execution 1
│ 3 × ValueError: bad row 17
│   flights.py:41 in clean, first in 清洗-014, 3 attempts
└ ✓ parse                        24  4.00 s                  ┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅
✓ report                          1  1.00 s                        ━━━━━━
└ ✓ quiet-fox  01a1ee56-7188         1.00 s                        ━━━━━━
  └ ✓ render                      1  1.00 s                        ━━━━━━
○ load                            1
  not ready: Upstream task run 清洗-014 did not complete.

slowest
  1.00 s  extract-001

next
  noria runs show 01a1ee56-61e8 --traceback  what went wrong
  noria runs logs 01a1ee56-61e8              the log
  noria runs resume 01a1ee56-61e8 --plan     what would run again
  noria runs resume 01a1ee56-61e8            go on where it stopped
"""


def test_a_failed_run_shows_what_failed_where_and_what_to_do(store, lines):
    run = flow_run(
        state=StateType.FAILED,
        error=BOOM,
        message="Flow run encountered an exception",
        parameters=json.dumps({"year": "2013", "城市": "'上海'"}),
        tags='["prod", "nyc"]',
    )
    at = run.created
    caller = task_run(run, 4, group=4, start=None)
    child = flow_run(5, name="quiet-fox", parent_run=run.id, parent_task=caller.id, root_run=run.id)
    child = child._replace(start=at + 4 * SECOND, end=at + 5 * SECOND)
    middle = {"kind": GroupKind.MAP, "expected": 12, "busy": 20 * SECOND}
    failures = [
        task_run(run, 20 + i, group=2, state=StateType.FAILED, error=BOOM, run_count=3, end=None)
        for i in range(3)
    ]
    cached = [
        task_run(run, 30 + i, group=2, state_name=Name.CACHED, message="completed in execution 1")
        for i in range(4)
    ]
    waiting = task_run(run, 50, group=5, state=StateType.PENDING, state_name=Name.NOT_READY)
    waiting = waiting._replace(message="Upstream task run 清洗-014 did not complete.", start=None)
    store.append(
        batch(
            run,
            child,
            group(run, 1, "extract"),
            group(
                run,
                2,
                "清洗",
                counts=counts(completed=5, failed=3, cached=4),
                last_end=at + 8 * SECOND,
                **middle,
            ),
            group(run, 3, "parse", parent=2, counts=counts(completed=24), last_end=at + 7 * SECOND),
            group(run, 4, "report", kind=GroupKind.FLOW),
            group(run, 5, "load", counts=counts(not_ready=1), first_start=None, last_end=None),
            group(child, 1, "render", first_start=child.start, last_end=child.end),
            task_run(run, 1),
            caller,
            waiting,
            *failures,
            *[row._replace(start=None) for row in cached],
        )
    )
    assert text(lines(run)) == FAILED


RUNNING = """\
◐ brave-otter-1  Running for 59.0 s
  run        01a1ee56-61e8
  flow       flights  (flights.py:flights)
  started    2026-11-18 11:06:41 UTC, 59s ago

                   calls    took  0         10 s      20 s      30 s      40 s      50 s
✓ extract              1  1.00 s   ━━
◐ fetch  map      24/500  57.0 s    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━▸
  4 running · 2 retrying

next
  noria runs logs 01a1ee56-61e8 -f  follow the log
  noria runs cancel 01a1ee56-61e8   stop it
"""


def test_a_running_run_shows_how_far_it_is(store, lines):
    run = flow_run(state=StateType.RUNNING, end=None)
    busy = counts(completed=24, running=4, retrying=2)
    store.append(
        batch(
            run,
            group(run, 1, "extract"),
            group(run, 2, "fetch", kind=GroupKind.MAP, expected=500, counts=busy, last_end=None),
        )
    )
    assert text(lines(run)) == RUNNING


CRASHED = """\
▲ brave-otter-1  Crashed after 10.0 s
  run        01a1ee56-61e8, execution 2
  flow       flights  (flights.py:flights)
  started    2026-11-18 11:06:41 UTC, 59s ago
  why        The process ended by signal 9, last heard of at 11:06:51.
  history    11:06:41.000  Running
             11:06:44.000  Crashed        power cut
             11:06:46.000  Running        resumed

next
  noria runs logs 01a1ee56-61e8           the log
  noria runs resume 01a1ee56-61e8 --plan  what would run again
  noria runs resume 01a1ee56-61e8         go on where it stopped
"""


def test_a_crashed_run_says_why_and_what_came_before(store, lines):
    moments = [("Running", 1, None), ("Crashed", 4, "power cut"), ("Running", 6, "resumed")]
    run = flow_run(
        state=StateType.CRASHED,
        epoch=2,
        message="The process ended by signal 9, last heard of at 11:06:51.",
        history=json.dumps([[name, START + n * SECOND, why] for name, n, why in moments]),
    )
    store.append(batch(run))
    assert text(lines(run)) == CRASHED


def test_no_line_is_wider_than_the_terminal(store, lines):
    run = flow_run(name="名字" * 40, flow_name="f" * 200, state=StateType.FAILED, message="w" * 300)
    deep = [
        group(run, n, f"任务{n}" * 12, parent=n - 1 or None, counts=counts(failed=2))
        for n in range(1, 9)
    ]
    error = json.dumps({"type": "E", "message": "长" * 400, "frame": "f.py:1 in f"})
    failures = [task_run(run, n, group=n, state=StateType.FAILED, error=error) for n in range(1, 9)]
    store.append(batch(run, *deep, *failures))
    for limit in (60, 80, 140):
        shown = lines(run, limit)
        tree = shown[1 : shown.index("next")]
        assert len(tree) > 30
        assert [line for line in tree if width(line) > limit] == []


def test_alike_failures_are_one_line_and_the_rest_is_counted(store, lines):
    run = flow_run(state=StateType.FAILED, message="9 of 9 failed")
    errors = [json.dumps({"type": f"E{n}", "message": "x", "frame": ""}) for n in range(5)]
    rows = [task_run(run, n, state=StateType.FAILED, error=errors[min(n, 4)]) for n in range(9)]
    store.append(batch(run, group(run, 1, "load", counts=counts(failed=9)), *rows))
    shown = [line.strip() for line in lines(run)]
    assert "5 × E4: x" in shown
    assert "… and 2 more (--tasks --state failed,crashed)" in shown


def test_of_many_sub_flows_the_failed_ones_are_shown(store, lines):
    run = flow_run(end=START + 50 * SECOND)
    children = [
        flow_run(n, name=f"child-{n}", parent_run=run.id, root_run=run.id) for n in range(2, 42)
    ]
    children[30] = children[30]._replace(state=StateType.FAILED, error=BOOM)
    store.append(batch(run, *children))
    shown = lines(run)
    assert any(line.startswith("■ child-32") for line in shown)
    assert "… and 28 more sub-flows" in shown


def test_nothing_in_a_name_can_move_the_cursor(store, lines):
    run = flow_run(name="evil\x1b[2J", message="line\x07", state=StateType.CANCELLED)
    store.append(batch(run, group(run, 1, "task\x1b[0m\r\n")))
    assert "\x1b" not in text(lines(run))
    assert "\x07" not in text(lines(run))


def test_a_run_that_stands_in_its_own_loop_of_groups_is_shown_once(store, lines):
    run = flow_run()
    store.append(batch(run, group(run, 1, "orphan", parent=7)))
    assert sum("orphan" in line for line in lines(run)) == 1
    assert run.id == run_id(1)


def test_a_fallback_stands_below_the_task_it_served_for(store, lines):
    run = flow_run(1, run_count=1)
    said = "backup served after ConnectionError: no answer"
    store.append(
        batch(
            run,
            group(run, 1, "price", counts=counts(completed=2)),
            group(run, 2, "backup", parent=1, kind=GroupKind.FALLBACK, counts=counts(completed=1)),
            task_run(run, 1, state_name=Name.FALLBACK, message=said, error=BOOM),
            task_run(run, 2),
            task_run(run, 3, group=2),
        )
    )
    shown = text(lines(run))
    assert f"│ fallback: {said}\n" in shown
    assert "└ ✓ backup  fallback" in shown
    assert "bad row 17" not in shown
