from __future__ import annotations

import json
from typing import Any

from noria.core.records import Record
from noria.core.states import Name, StateType
from tests.console.conftest import Attach, Shown
from tests.console.rows import CHILD, MS, NOON, RUN, SECOND, error, flow, group, log, task

RUN_ID = "00010203-0405-0607-0809-0a0b0c0d0e0f"
TASK_ID = "00000000-0000-0000-0000-010010000000"


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_log_lines_and_changes_of_state(console: Attach, shown: Shown):
    console("json").see(
        [
            flow(),
            group(1, "清洗"),
            task(0x100, StateType.RUNNING),
            log("清洗完成 🚀", task=0x100, extra={"user_id": 42, "action": "购买"}),
            task(0x100, took=20 * MS),
            flow(StateType.COMPLETED, end=NOON + SECOND, message="All states completed."),
        ]
    )
    text = shown()
    assert "清洗完成 🚀" in text
    common = {"ts": "2026-11-22T12:00:00.000000+00:00", "level": "INFO"}
    in_run = {"flow_run_id": RUN_ID, "flow_run": "brave-otter"}
    in_task = {**in_run, "task_run_id": TASK_ID, "task": "清洗-100"}
    of_flow = {**in_run, "logger": "noria.flow_runs", "flow": "flights", "execution": 1}
    assert objects(text) == [
        {**common, **of_flow, "message": "brave-otter: Running", "state": "Running"},
        {
            **common,
            **in_task,
            "logger": "noria.flow_runs",
            "message": "清洗完成 🚀",
            "extra": {"user_id": 42, "action": "购买"},
        },
        {
            **common,
            **in_task,
            "ts": "2026-11-22T12:00:00.020000+00:00",
            "logger": "noria.task_runs",
            "message": "清洗-100: Completed",
            "state": "Completed",
            "seconds": 0.02,
        },
        {
            **common,
            **of_flow,
            "ts": "2026-11-22T12:00:01.000000+00:00",
            "message": "brave-otter: Completed: All states completed.",
            "state": "Completed",
            "seconds": 1.0,
        },
    ]


def test_a_failure_names_exception_and_place(console: Attach, shown: Shown):
    wait = task(1, StateType.SCHEDULED, state_name=Name.AWAITING_RETRY, message="attempt 2 of 2")
    fail = task(1, StateType.FAILED, took=MS, error=error("OSError", "磁盘已满"))
    end = flow(StateType.CRASHED, end=NOON + MS, message="killed by signal 9")
    console("json", "WARNING").see([flow(), group(1, "load"), task(2, took=MS), wait, fail, end])
    found = objects(shown())
    assert [(one["level"], one["state"], one["message"]) for one in found] == [
        ("WARNING", "AwaitingRetry", "load-001: AwaitingRetry: attempt 2 of 2"),
        ("ERROR", "Failed", "load-001: Failed"),
        ("ERROR", "Crashed", "brave-otter: Crashed: killed by signal 9"),
    ]
    assert found[1]["error"] == "OSError: 磁盘已满"
    assert found[1]["frame"] == "flights.py:31 in fetch"
    assert found[2]["error"] == "killed by signal 9"


def test_nothing_is_folded(console: Attach, shown: Shown):
    calls = [task(n, took=MS) for n in range(300)]
    fails = [task(n, StateType.FAILED, took=MS, error=error("E", "no")) for n in range(300, 400)]
    skips = [task(n, state_name=Name.CACHED, took=MS) for n in range(400, 500)]
    console("json").see([flow(epoch=2), group(1, "fetch", expected=500), *calls, *fails, *skips])
    states = [one["state"] for one in objects(shown())]
    assert states == ["Running"] + ["Completed"] * 300 + ["Failed"] * 100 + ["Cached"] * 100


def test_a_start_of_a_task_is_told_at_level_debug(console: Attach, shown: Shown):
    records: list[Record] = [flow(), group(1, "fetch"), task(1, StateType.RUNNING)]
    console("json", "INFO").see(records)
    assert [one["level"] for one in objects(shown())] == ["INFO"]
    console("json", "DEBUG").see(records)
    assert [one["level"] for one in objects(shown())] == ["INFO", "DEBUG"]


def test_both_rows_of_a_sub_flow_are_told(console: Attach, shown: Shown):
    child = flow(StateType.COMPLETED, id=CHILD, end=NOON + MS, parent=RUN)
    console("json").see([flow(), group(1, "sub", kind="flow"), child, task(1, child=CHILD)])
    loggers = [one["logger"] for one in objects(shown())]
    assert loggers == ["noria.flow_runs", "noria.flow_runs", "noria.task_runs"]


def test_extra_that_is_no_json_is_kept_as_text(console: Attach, shown: Shown):
    console("json").see([log("x", run=None)._replace(extra="{broken", level=35)])
    (found,) = objects(shown())
    assert (found["extra"], found["level"]) == ("{broken", "35")
