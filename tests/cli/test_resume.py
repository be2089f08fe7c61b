"""`noria runs resume` and `fork`: going on with a real run."""

from __future__ import annotations

import csv
import io
import json

import pytest

from noria.core.states import StateType
from tests.cli.rows import SECOND, START, batch, flow_run, process

SCRIPT = """
from pathlib import Path
from noria import flow, task

@task
def extract():
    return [1, 2]

@task
def load(xs):
    if not Path("repaired").exists():
        raise ValueError("not yet")
    return sum(xs)

@flow
def pipe():
    return load(extract())

@flow
async def later():
    return load(extract())
"""


@pytest.fixture
def failed(real_noria, workplace):
    """The id of a run that failed in its second task, the cause of which is gone by now."""
    (workplace / "pipe_under_test.py").write_text(SCRIPT, encoding="utf-8")
    result = real_noria("run", "pipe_under_test.py:pipe", "-o", "name")
    assert result.exit_code == 1
    (workplace / "repaired").touch()
    return result.stdout.strip()


def test_it_goes_on_where_it_stopped(real_noria, failed):
    document = json.loads(real_noria("runs", "resume", "@last", "--json").stdout)
    assert (document["id"], document["execution"], document["result"]) == (failed, 2, 3)
    shown = json.loads(real_noria("runs", "show", failed, "--json").stdout)
    assert (shown["task_counts"]["cached"], shown["task_counts"]["completed"]) == (1, 1)


def test_a_fork_is_a_new_run(real_noria, failed):
    document = json.loads(real_noria("runs", "fork", failed, "--json").stdout)
    assert document["id"] != failed
    assert document["result"] == 3
    assert json.loads(real_noria("runs", "show", failed, "--json").stdout)["state_name"] == "Failed"


def test_an_async_flow_goes_on_as_well(real_noria, failed, workplace):
    (workplace / "repaired").unlink()
    broken = real_noria("run", "pipe_under_test.py:later", "-o", "name").stdout.strip()
    (workplace / "repaired").touch()
    assert real_noria("runs", "resume", broken).exit_code == 0


def test_the_plan_runs_nothing(real_noria, failed):
    result = real_noria("runs", "resume", failed, "--plan", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["action"], row["name"], row["count"]) for row in rows] == [
        ("skip", "extract", "1"),
        ("run", "load", "1"),
    ]
    table = real_noria("runs", "resume", failed, "--plan", "--from", "extract", "-o", "table")
    assert [line.split()[1] for line in table.stdout.splitlines()[1:]] == ["run", "run"]
    assert json.loads(real_noria("runs", "show", failed, "--json").stdout)["execution"] == 1


@pytest.mark.parametrize("plan", [[], ["--plan"]])
def test_a_task_that_is_none_is_named(real_noria, failed, plan):
    result = real_noria("runs", "resume", failed, "--from", "extrakt", *plan)
    assert result.exit_code == 3
    assert result.stderr.startswith("error[N012]: ")
    assert "extract" in result.stderr


def test_the_flow_may_have_moved(real_noria, failed, workplace):
    moved = workplace / "moved_pipe.py"
    (workplace / "pipe_under_test.py").rename(moved)
    assert real_noria("runs", "resume", failed, "--entrypoint", f"{moved}:pipe").exit_code == 0


def test_a_completed_run_has_nothing_to_go_on_with(real_noria, failed):
    real_noria("runs", "resume", failed)
    result = real_noria("runs", "resume", failed)
    assert result.exit_code == 6
    assert result.stderr.splitlines()[1:] == [
        "  there is nothing to go on with",
        f"  run some of it again: noria runs resume {failed} --from TASK",
    ]
    again = json.loads(real_noria("runs", "resume", failed, "--from", "load", "--json").stdout)
    assert again["execution"] == 3


def test_a_running_run_is_left_to_its_process(noria, store):
    alive = process(lease=3600 * SECOND)
    store.register_process(alive)
    store.append(batch(flow_run(state=StateType.RUNNING, end=None, process=alive.id)))
    result = noria("runs", "resume", "@last")
    assert result.exit_code == 6
    assert result.stderr.startswith("error[N020]: brave-otter-1 is still running")


def test_a_sub_flow_goes_on_with_its_caller(noria, store):
    caller = flow_run(1, state=StateType.FAILED)
    child = flow_run(2, state=StateType.FAILED, parent_run=caller.id, root_run=caller.id)
    store.append(batch(caller, child._replace(created=START)))
    result = noria("runs", "resume", child.name)
    assert result.exit_code == 6
    assert result.stderr.splitlines()[-1].startswith("  noria runs resume 01a1ee56")
