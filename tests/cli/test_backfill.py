"""`noria backfill`."""

from __future__ import annotations

import json

import pytest

from noria.core import clock
from noria.core.deployments import DeploymentSpec, Overlap, ScheduleSpec
from noria.core.pools import WorkerRow
from noria.core.states import StateType
from tests.cli.rows import batch, process

SCHEMA = {"properties": {"day": {"type": "string"}, "rows": {"type": "integer"}}}
CRON = {"kind": "cron", "cron": "0 2 * * *", "timezone": "Asia/Shanghai", "day_or": True}
HOURLY = {"kind": "cron", "cron": "30 * * * *", "timezone": "UTC", "day_or": True}
SPEC = DeploymentSpec(
    "etl",
    "夜间",
    "etl.py:etl",
    path="/srv/etl",
    parameters={"rows": 1},
    parameter_schema=SCHEMA,
    schedules=(
        ScheduleSpec("每晚", CRON, parameters={"rows": 2, "day": "a"}),
        ScheduleSpec("hourly", HOURLY, active=False),
    ),
)
PLAIN = SPEC._replace(name="plain", schedules=())
WEEK = ("--from", "2026-11-01", "--to", "2026-11-07")


@pytest.fixture
def deployed(store):
    store.apply_deployments([SPEC, PLAIN], clock.now())
    (row,) = store.find_deployments("etl/夜间")
    return row


@pytest.fixture
def worker(store):
    """A process that takes runs of all pools."""
    row = process(1, beat=clock.now())
    store.register_process(row)
    store.register_worker(WorkerRow(row.id, "one", None, None, clock.now()))
    return row.id


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def scheduled(store):
    (use,) = store.backfills(limit=1)
    rows = store.backfill_runs(use.backfill.id)
    return [clock.to_datetime(json.loads(row.settings)["scheduled"]) for row in rows]


def take(store, worker, state=None):
    """Take what may begin, and end it in a state."""
    for claim in store.claim(["default"], worker, 99, clock.now()):
        run = store.flow_run(claim.run.id)
        if state is not None:
            store.append(batch(run._replace(state=state, start=clock.now(), end=clock.now())))


class TestMaking:
    def test_a_run_for_each_time_both_days_included(self, noria, store, deployed):
        found = document(noria("backfill", "夜间", *WEEK, "--parallel", "2", "--json"))
        assert (found["made"], found["parallel"], found["waiting"]) == (7, 2, 7)
        assert (found["deployment"], found["schedule"]) == ("etl/夜间", "每晚")
        # In Shanghai; days there begin at 16:00 of the day before.
        assert (found["from"], found["to"]) == (
            "2026-10-31T16:00:00.000000Z",
            "2026-11-07T15:59:59.999999Z",
        )
        times = scheduled(store)
        assert [f"{time:%d %H}" for time in (times[0], times[-1])] == ["31 18", "06 18"]

    def test_the_name_may_come_last_and_start_may_be_said(self, noria, store, deployed):
        noria("backfill", *WEEK, "etl/夜间")
        noria("backfill", "--utc", "start", "夜间", *WEEK, "--rerun")
        assert [use.backfill.made for use in store.backfills()] == [7, 7]

    def test_parameters_go_before_those_of_the_schedule(self, noria, store, deployed):
        document(noria("backfill", "夜间", *WEEK, "-p", "day=2026", "--limit", "1", "--json"))
        (run,) = store.deployment_runs(deployed.id)
        assert json.loads(run.parameters) == {"rows": 2, "day": "2026"}

    def test_what_has_run_is_not_run_again(self, noria, store, deployed):
        noria("backfill", "夜间", *WEEK, "--newest-first", "--limit", "3")
        assert [time.day for time in scheduled(store)] == [6, 5, 4]
        noria("backfill", "夜间", *WEEK)
        assert [time.day for time in scheduled(store)] == [31, 1, 2, 3]
        result = noria("backfill", "夜间", *WEEK, tty=True)
        assert "Nothing is missed: etl/夜间 has a run for each of 7 times." in result.stderr
        assert document(noria("backfill", "夜间", *WEEK, "--json"))["made"] == 0
        assert document(noria("backfill", "夜间", *WEEK, "--rerun", "--json"))["made"] == 7

    def test_only_a_schedule_that_is_named(self, noria, store, deployed):
        document(noria("backfill", "夜间", "--from", "3h", "--schedule", "hourly", "--json"))
        assert [time.minute for time in scheduled(store)] == [30] * 3

    def test_what_lies_ahead_is_left_to_the_schedule(self, noria, store, deployed):
        found = document(
            noria("backfill", "夜间", "--from", "2026-11-17", "--to", "2027-01-01", "--json")
        )
        assert (found["made"], found["to"]) == (2, "2026-11-18T11:07:40.000000Z")

    @pytest.mark.parametrize(
        ("rule", "times"),
        [
            (("--every", "6h"), ["00:00", "06:00", "12:00", "18:00"]),
            (("--cron", "0 9 * * *"), ["09:00"]),
            (("--cron", "0 9 * * *", "--tz", "Asia/Shanghai"), ["01:00"]),
        ],
    )
    def test_a_rule_of_its_own(self, noria, store, deployed, rule, times):
        day = ("--from", "2026-11-01", "--to", "2026-11-01")
        document(noria("backfill", "plain", *day, *rule, "--json"))
        assert [f"{time:%H:%M}" for time in scheduled(store)] == times

    def test_says_what_was_made_and_that_nobody_takes_it(self, noria, deployed):
        result = noria("backfill", "夜间", *WEEK, "--parallel", "3", tty=True)
        assert "7 runs of etl/夜间, 3 at once: noria backfill show " in result.stderr
        assert (
            "no worker takes runs of pool default; start one: noria worker start --pool default"
            in result.stderr
        )

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"overlap": Overlap.SKIP}, "etl/夜间 lets 1 be under way at once (overlap=skip)"),
            (
                {"concurrency_limit": 2, "concurrency_key": "{day}"},
                "etl/夜间 lets 2 be under way at once for each {day} (overlap=allow)",
            ),
            ({"concurrency_limit": 3}, None),
        ],
    )
    def test_says_that_fewer_may_be_under_way(self, noria, store, changes, said):
        store.apply_deployments([SPEC._replace(**changes)], clock.now())
        result = noria("backfill", "夜间", *WEEK, "--parallel", "3", "--json")
        told = [line for line in result.stderr.splitlines() if "lets" in line]
        assert told == ([] if said is None else [said])

    def test_says_no_such_thing_when_somebody_does(self, noria, deployed, worker):
        assert "no worker" not in noria("backfill", "夜间", *WEEK, tty=True).output


class TestDryRun:
    def test_lists_the_times_and_makes_nothing(self, noria, store, deployed):
        noria("backfill", "夜间", *WEEK, "--newest-first", "--limit", "2")
        lines = document(noria("backfill", "夜间", *WEEK, "--limit", "4", "--dry-run", "--json"))
        assert [line["action"] for line in lines] == ["run"] * 4 + ["limit"] + ["skip"] * 2
        assert lines[0]["time"] == "2026-10-31T18:00:00.000000Z"
        assert lines[0]["parameters"] == {"rows": 2, "day": "a"}
        assert (lines[0]["state_name"], lines[-1]["state_name"]) == (None, "Scheduled")
        assert len(store.deployment_runs(deployed.id)) == 2

    def test_in_the_zone_of_the_schedule(self, noria, deployed):
        result = noria("backfill", "夜间", *WEEK, "--dry-run", tty=True)
        assert "Sun 2026-11-01 02:00:00 CST  每晚" in result.stdout
        assert "7 runs would be made, 1 at once." in result.stderr


class TestMany:
    def test_asks_on_a_terminal(self, noria, store, deployed, monkeypatch):
        monkeypatch.setattr("noria.cli.backfill.start.can_ask", lambda: True)
        many = ("backfill", "plain", "--from", "2026-11-01", "--every", "1h")
        refused = noria(*many, input="n\n")
        assert refused.exit_code == 130
        assert "Make 420 runs of etl/plain? [y/N]" in refused.output
        assert store.backfills() == []
        assert noria(*many, input="y\n").exit_code == 0
        assert store.backfills()[0].backfill.made == 420

    def test_too_many_are_refused_without_yes(self, noria, store, deployed):
        many = ("backfill", "plain", "--from", "2026-11-10", "--every", "1m")
        result = noria(*many)
        assert result.exit_code == 2
        assert (
            "error[N004]: The schedules of 'etl/plain' were due more than 10,000" in result.output
        )
        assert store.backfills() == []
        noria(*many, "--yes")
        assert store.backfills()[0].backfill.made > 10_000

    def test_far_too_many_are_refused_in_any_case(self, noria, store, deployed):
        many = ("backfill", "plain", "--from", "2026-11-17", "--every", "1s", "--yes")
        assert "more than 50,000 times" in noria(*many).output
        assert store.backfills() == []


class TestWatching:
    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (StateType.COMPLETED, 0),
            (StateType.FAILED, 1),
            (StateType.CANCELLED, 8),
        ],
    )
    def test_until_all_have_ended(self, noria, store, deployed, worker, stopped, state, code):
        stopped.on_sleep = lambda: take(store, worker, state)
        result = noria("backfill", "夜间", *WEEK, "--parallel", "4", "--watch")
        assert result.exit_code == code
        name = state.value.lower()
        told = [line for line in result.stderr.splitlines() if " of 7: " in line]
        assert told == [
            "0 of 7: 7 waiting",
            f"4 of 7: 4 {name}, 3 waiting",
            f"7 of 7: 7 {name}",
        ]

    def test_show_can_watch_too(self, noria, store, deployed, worker, stopped):
        noria("backfill", "夜间", *WEEK)
        stopped.on_sleep = lambda: take(store, worker, StateType.COMPLETED)
        found = document(noria("backfill", "show", "@last", "--watch", "--json"))
        assert (found["completed"], found["waiting"]) == (7, 0)


class TestLookingAfter:
    def test_none_yet(self, noria, store):
        assert document(noria("backfill", "ls", "--json")) == []
        assert "No backfills yet" in noria("backfill", "ls", tty=True).output

    def test_ls(self, noria, store, deployed):
        noria("backfill", "夜间", *WEEK)
        noria("backfill", "plain", *WEEK, "--every", "1d")
        found = document(noria("backfill", "ls", "--json"))
        assert [(each["deployment"], each["schedule"]) for each in found] == [
            ("etl/plain", "every 1d"),
            ("etl/夜间", "每晚"),
        ]
        (one,) = document(noria("backfill", "ls", "夜间", "--json"))
        assert one == found[1]
        assert "7 waiting" in noria("backfill", "ls", tty=True).stdout

    def test_show(self, noria, store, deployed, worker):
        noria("backfill", "夜间", *WEEK, "--parallel", "2")
        take(store, worker, StateType.FAILED)
        take(store, worker)
        shown = noria("backfill", "show", "@last", "--utc", tty=True).stdout
        assert "runs       7: 2 failed, 2 under way, 3 waiting" in shown
        assert shown.count("■ Failed") == 2
        assert shown.count("◐ Pending") + shown.count("○ Pending") == 2
        assert "2026-10-31 18:00:00 UTC" in shown
        found = document(noria("backfill", "show", "@last", "--json"))
        assert (found["failed"], found["under_way"], found["waiting"]) == (2, 2, 3)
        assert document(noria("backfill", "show", found["id"][:13], "--json")) == found

    def test_cancel_what_waits(self, noria, store, deployed, worker):
        noria("backfill", "夜间", *WEEK)
        take(store, worker)
        found = document(noria("backfill", "cancel", "@last", "--json"))
        assert (found["cancelled"], found["under_way"]) == (6, 1)
        again = noria("backfill", "cancel", "@last")
        assert again.exit_code == 6
        assert "--running stops what is under way" in again.output
        result = noria("backfill", "cancel", "@last", "--running", tty=True)
        assert "Cancelled 1 run" in result.stderr
        # The times are missed again.
        assert document(noria("backfill", "夜间", *WEEK, "--json"))["made"] == 6


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("夜间",), 2, "say so with --from"),
        (("夜", *WEEK), 3, "did you mean 夜间?"),
        (("夜间", "--from", "gestern"), 2, "--from gestern is no time"),
        (("夜间", "--from", "2026-02-30"), 2, "day is out of range for month"),
        (("夜间", "--from", "2026-11-01", "--to", "2026-11-31"), 2, "--to 2026-11-31 is no time"),
        (("夜间", "--from", "2026-11-07", "--to", "2026-11-01"), 2, "2026-11-07 is after"),
        (("夜间", "--from", "2027-01-01"), 2, "2027-01-01 lies ahead"),
        (("夜间", *WEEK, "--schedule", "每夜晚"), 3, "Did you mean '每晚'?"),
        (("夜间", *WEEK, "--tz", "UTC"), 2, "a schedule has its own"),
        (("夜间", *WEEK, "--schedule", "每晚", "--every", "1d"), 2, "give one of them"),
        (("夜间", *WEEK, "-p", "rows=many"), 2, "'many' is not of type 'integer'"),
        (("夜间", *WEEK, "-p", "colour=1"), 2, "there is no parameter 'colour'"),
        (("夜间", *WEEK, "--parallel", "0"), 2, "--parallel"),
        (("plain", *WEEK), 2, "has no schedule"),
        (("plain", *WEEK, "--cron", "61 * * * *"), 2, "the field minute may be 0-59"),
        (("plain", *WEEK, "--cron", "0 0 30 2 *"), 2, "the field day-of-month may be"),
        (("plain", *WEEK, "--every", "soon"), 2, "--every soon is no interval"),
        (("plain", *WEEK, "--every", "1d", "--tz", "Asia/Shangai"), 2, "Did you mean 'Asia/Sha"),
        (("plain", "--from", "0001-01-01", "--every", "1d", "--tz", "Asia/Shanghai"), 2, "beyond"),
        (("show", "none"), 3, "there is no backfill none"),
        (("cancel", "0000"), 3, "there is no backfill 0000"),
        (("ls", "etl/夜"), 3, "did you mean etl/夜间?"),
    ],
)
def test_what_cannot_be_is_a_sentence(noria, store, deployed, arguments, code, said):
    result = noria("backfill", *arguments)
    assert result.exit_code == code
    assert said in result.output
    assert "Traceback" not in result.output
    assert store.backfills() == []


def test_no_schedule_is_active(noria, store, deployed):
    noria("schedule", "pause", "夜间", "每晚")
    result = noria("backfill", "夜间", *WEEK)
    assert result.exit_code == 2
    assert "name one of '每晚', 'hourly'" in result.output


def test_help_tells_of_both_ways(noria):
    assert "--newest-first" in noria("backfill", "start", "--help").output
    assert "noria backfill DEPLOYMENT --from TIME --to TIME" in noria("backfill", "--help").output
