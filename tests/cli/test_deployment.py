"""`noria deployment`."""

from __future__ import annotations

import json

import pytest

from noria.core import clock
from noria.core.deployments import DeploymentSpec, ScheduleSpec
from noria.core.pools import PoolRow, WorkerRow
from noria.core.states import StateType
from tests.cli.rows import BOOM, batch, process

SCHEMA = {
    "properties": {"day": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["day"],
}
CRON = {"kind": "cron", "cron": "0 2 * * *", "timezone": "Asia/Shanghai", "day_or": True}
SPEC = DeploymentSpec(
    "etl",
    "夜间",
    "etl.py:etl",
    path="/srv/etl",
    description="每天",
    tags=("生产",),
    parameters={"count": 1},
    parameter_schema=SCHEMA,
    schedules=(ScheduleSpec("cron", CRON),),
)


@pytest.fixture
def deployed(store):
    store.apply_deployments([SPEC], clock.now())
    (row,) = store.find_deployments("etl/夜间")
    return row


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_none_yet(noria, store):
    assert document(noria("deployment", "ls", "--json")) == []


def test_ls(noria, deployed):
    (found,) = document(noria("deployment", "ls", "--json"))
    assert (found["id"], found["paused"], found["pool"]) == ("etl/夜间", False, "default")
    assert found["schedules"][0]["rule"]["cron"] == "0 2 * * *"
    assert found["next_due"].endswith("18:00:00.000000Z")


def test_show(noria, deployed):
    found = document(noria("deployment", "show", "夜间", "--json"))
    assert (found["description"], found["tags"], found["parameters"]) == (
        "每天",
        ["生产"],
        {"count": 1},
    )


def test_pause_and_resume(noria, store, deployed):
    (paused,) = document(noria("deployment", "pause", "夜间", "--json"))
    assert (paused["paused"], paused["next_due"]) == (True, None)
    assert store.deployment(deployed.id).paused
    (resumed,) = document(noria("deployment", "resume", "夜间", "--json"))
    assert not resumed["paused"]


def test_run(noria, store, deployed):
    found = document(
        noria(
            "deployment", "run", "夜间", "-p", "day=2026", "-p", "count=5", "--tag", "x", "--json"
        )
    )
    assert (found["state_name"], found["flow_name"]) == ("Scheduled", "etl")
    assert found["parameters"] == {"day": "2026", "count": 5}
    assert found["tags"] == ["x", "生产"]
    (run,) = store.deployment_runs(deployed.id)
    assert run.state is StateType.SCHEDULED


def test_run_with_a_document_a_name_and_a_key(noria, store, deployed):
    first = document(
        noria(
            *("deployment", "run", "夜间", "--params", '{"day": "a"}', "--name", "一次"),
            *("--key", "k", "--json"),
        )
    )
    again = document(
        noria("deployment", "run", "夜间", "--params", '{"day": "b"}', "--key", "k", "--json")
    )
    assert (first["name"], again["id"]) == ("一次", first["id"])


@pytest.mark.parametrize(
    ("option", "seconds"), [(("--in", "2h"), 7200), (("--at", "2040-01-01T00:00"), None)]
)
def test_run_later(noria, store, deployed, option, seconds):
    before = clock.now()
    document(noria("deployment", "run", "夜间", "-p", "day=x", *option, "--utc", "--json"))
    (run,) = store.deployment_runs(deployed.id)
    due = json.loads(run.settings)["scheduled"]
    if seconds is None:
        assert clock.to_datetime(due).year == 2040
    else:
        assert before + seconds * 1_000_000 <= due <= clock.now() + seconds * 1_000_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("夜间",), "parameter 'day' is missing"),
        (("夜间", "-p", "day=x", "-p", "rows=1"), "there is no parameter 'rows'"),
        (("夜间", "-p", "day=x", "-p", "count=many"), "'many' is not of type 'integer'"),
        (("夜间", "-p", "day"), "-p day is no parameter"),
        (("夜间", "-p", "day=x", "--in", "soon"), "--in soon is no time"),
        (("夜间", "-p", "day=x", "--in", "1h", "--at", "2040-01-01"), "give one of them"),
        (("etl/夜",), "did you mean etl/夜间"),
    ],
)
def test_a_run_that_cannot_be_made(noria, store, deployed, arguments, said):
    result = noria("deployment", "run", *arguments)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output
    assert store.deployment_runs(deployed.id) == []


def test_one_name_of_two(noria, store, deployed):
    store.apply_deployments([SPEC._replace(flow_name="other")], clock.now())
    result = noria("deployment", "show", "夜间")
    assert "names more than one deployment" in result.output
    assert "other/夜间" in result.output


def test_rm(noria, store, deployed):
    assert "say so with --yes" in noria("deployment", "rm", "夜间").output
    assert store.deployment(deployed.id) is not None
    (gone,) = document(noria("deployment", "rm", "夜间", "--yes", "--json"))
    assert gone["id"] == "etl/夜间"
    assert store.deployment(deployed.id) is None


def test_a_run_that_was_asked_for_before_is_not_called_due(noria, deployed, stopped):
    asked = ("deployment", "run", "夜间", "-p", "day=x", "--name", "一次", "--key", "k")
    assert "一次 of etl/夜间 is due now: noria runs show 一次" in noria(*asked, tty=True).stderr
    stopped.time += 1
    said = noria(*asked, "-p", "count=5", tty=True).stderr
    assert "一次 of etl/夜间 was asked for before with this key, and is Scheduled: " in said
    assert "is due" not in said


class TestWatch:
    """Who waits for a run sees how it ended, even if it has said nothing."""

    @pytest.fixture
    def watched(self, noria, store, deployed, stopped):
        def call(**end):
            def take():
                (run,) = store.deployment_runs(deployed.id)
                if run.state is StateType.SCHEDULED:
                    facts = {"start": clock.now(), "end": clock.now() + 1_500_000, **end}
                    store.append(batch(run._replace(epoch=1, **facts)))

            stopped.on_sleep = take
            asked = ("run", "夜间", "-p", "day=x", "--name", "一次", "--watch")
            result = noria("deployment", *asked, tty=True)
            return result.exit_code, result.stdout

        return call

    def test_it_completed(self, watched):
        assert watched(state=StateType.COMPLETED) == (0, "✓ 一次  Completed after 1.50 s\n")

    def test_it_failed(self, watched):
        code, said = watched(state=StateType.FAILED, error=BOOM)
        assert code == 1
        assert said.splitlines()[0] == "■ 一次  Failed after 1.50 s"
        assert "ValueError" in said.splitlines()[1]

    def test_it_was_cancelled(self, watched):
        code, said = watched(state=StateType.CANCELLED, message="its deployment was deleted")
        assert code == 8
        assert said == "⊘ 一次  Cancelled after 1.50 s\n  its deployment was deleted\n"


def test_a_long_name_stays_whole_while_something_else_can_be_cut(noria, store):
    name = "一个很长的部署名称-production"
    spec = SPEC._replace(name=name, tags=("生产", "关键业务", "夜间批处理"))
    store.apply_deployments([spec], clock.now())
    shown = noria("deployment", "ls", tty=True, COLUMNS="100").stdout
    assert f"etl/{name}  " in shown
    assert "生产, 关键业…" in shown
    assert all(len(line) <= 100 for line in shown.splitlines())


def test_a_run_tells_of_its_deployment_and_of_when_it_was_due(noria, store, deployed):
    asked = ("run", "夜间", "-p", "day=x", "--in", "2h", "--name", "later")
    found = document(noria("deployment", *asked, "--json"))
    assert found["deployment"] == "etl/夜间"
    assert found["scheduled_start_time"] == "2026-11-18T13:07:40.000000Z"
    shown = noria("runs", "show", "later", "--utc", tty=True).stdout
    assert "  deployment etl/夜间\n" in shown
    assert "  due        2026-11-18 13:07:40 UTC, in 2h\n" in shown
    assert "  due in 2h" in noria("runs", "ls", tty=True).stdout


class TestWhoTakesIt:
    @pytest.fixture
    def worker(self, store):
        """A process that takes runs of the pool."""
        row = process(1, beat=clock.now())
        store.register_process(row)
        store.register_worker(WorkerRow(row.id, "one", ("default",), None, clock.now()))

    @pytest.mark.parametrize(
        "arguments", [("run", "夜间", "-p", "day=x"), ("show", "夜间"), ("ls",)]
    )
    def test_nobody(self, noria, deployed, arguments):
        result = noria("deployment", *arguments, tty=True)
        assert result.stderr.endswith(
            "no worker takes runs of pool default; start one: noria worker start --pool default\n"
        )

    def test_a_script_of_its_own(self, noria, store):
        store.apply_deployments([SPEC._replace(pool="serve etl/夜间")], clock.now())
        result = noria("deployment", "run", "夜间", "-p", "day=x", "--json")
        assert result.stderr == (
            "nobody serves etl/夜间; start its script, or a worker: "
            "noria worker start --pool 'serve etl/夜间'\n"
        )

    @pytest.mark.parametrize(
        "arguments", [("run", "夜间", "-p", "day=x"), ("show", "夜间"), ("ls",)]
    )
    def test_somebody(self, noria, deployed, worker, arguments):
        assert "no worker" not in noria("deployment", *arguments, tty=True).output

    def test_somebody_but_not_now(self, noria, store, deployed, worker):
        store.set_pool(PoolRow("default", paused=True), clock.now())
        result = noria("deployment", "run", "夜间", "-p", "day=x", "--json")
        assert result.stderr == "pool default is paused: its runs wait\n"

    def test_as_a_number(self, noria, deployed, worker):
        (found,) = document(noria("deployment", "ls", "--json"))
        assert found["workers"] == 1


def test_show_tells_of_limits_times_and_runs(noria, store):
    spec = SPEC._replace(
        queue="急",
        priority=5,
        concurrency_limit=2,
        concurrency_key="{day}",
        jitter=90_000_000,
    )
    store.apply_deployments([spec], clock.now())
    noria("deployment", "run", "夜间", "-p", "day=x", "--name", "一次")
    shown = noria("deployment", "show", "夜间", "--utc", tty=True).stdout
    for line in (
        "due            2026-11-18 18:00:00 UTC, then 2026-11-19 18:00:00 UTC, then 2026-11-20",
        "queue          急",
        "priority       5",
        "at once        2 for each {day} (allow)",
        "jitter         up to 90 s",
        "Scheduled  一次  2026-11-18 11:07:40 UTC",
    ):
        assert line in shown
    found = document(noria("deployment", "show", "夜间", "--json"))
    assert len(found["upcoming"]) == 3
    assert [run["name"] for run in found["runs"]] == ["一次"]
