"""What is appended comes back as it was."""

from __future__ import annotations

import threading

import pytest

from noria.core.records import StoredValue
from noria.core.states import StateType
from tests.conformance.rows import (
    NOON,
    batch,
    cached,
    flow_run,
    group,
    log,
    new_id,
    process,
    task_run,
)


def test_a_flow_run_comes_back_as_it_was(backend):
    full = flow_run(
        name="数据管道 🚰",
        state=StateType.FAILED,
        state_name="TimedOut",
        message="took too long",
        end=NOON + 99,
        process=new_id(),
        parent_run=new_id(),
        parent_task=new_id(),
        version="1",
        tags='["夜间"]',
        result=StoredValue("json", None, "results/a", 70_000),
        error='{"type": "ValueError"}',
        history="[]",
        settings="{}",
    )
    plain = flow_run(parameters=None, arguments=None, start=None, entrypoint=None)
    assert backend.append(batch(full, plain)) == []
    assert backend.flow_run(full.id) == full
    assert backend.flow_run(plain.id) == plain


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"start": None, "end": None, "state": StateType.PENDING, "identity": None, "result": None},
        {"start": None, "state_name": "NotReady", "state": StateType.PENDING},
        {"end": None, "state": StateType.RUNNING, "result": None},
        {"created": NOON + 60, "message": "the clock stepped back"},
        {
            "name": "读取 🚰",
            "parent": new_id(),
            "child_run": new_id(),
            "result": StoredValue("pickle", b"", None, 0),
            "upstream": '{"x": ["group:1"]}',
            "peak_memory": 2_000_000,
            "process": 4711,
            "tags": "[]",
            "error": "{}",
            "history": "[]",
        },
    ],
)
def test_a_task_run_comes_back_as_it_was(backend, changes):
    run = flow_run()
    row = task_run(run, **changes)
    backend.append(batch(run, row))
    assert backend.task_run(row.id) == row


def test_groups_come_back_in_order_of_number(backend):
    run = flow_run()
    rows = [group(run, number=number, counts=tuple(range(9))) for number in (3, 1, 2)]
    backend.append(batch(run, *rows))
    assert backend.groups(run.id) == [rows[1], rows[2], rows[0]]


def test_a_batch_of_any_length_is_written_whole(backend):
    run = flow_run()
    rows = [task_run(run) for _ in range(64 + 8 + 8 + 3)]
    backend.append(batch(run, *rows))
    assert backend.task_runs(run.id) == rows


def test_writing_a_batch_twice_gives_the_same_store(backend):
    run = flow_run()
    rows = batch(run, task_run(run), group(run), cached("k"))
    backend.append(rows)
    backend.append(rows)
    assert backend.task_runs(run.id) == rows.task_runs
    assert backend.groups(run.id) == rows.groups
    assert backend.info().rows["task_runs"] == 1


def test_the_last_of_several_rows_stands(backend):
    run = flow_run()
    first = task_run(run, state=StateType.RUNNING, end=None, result=None)
    last = first._replace(state=StateType.COMPLETED, end=NOON + 70, message="done")
    backend.append(batch(run, first))
    backend.append(batch(run._replace(run_count=2), last))
    assert backend.task_run(first.id) == last
    assert backend.flow_run(run.id).run_count == 2


def test_an_empty_batch_is_nothing(backend):
    assert backend.append(batch()) == []


def test_text_that_is_not_unicode_does_not_stop_a_batch(backend):
    run = flow_run(name="from \udce4 file")
    backend.append(batch(run, log(run, "half a pair \ud83d"), task_run(run)))
    assert backend.flow_run(run.id).name == "from \\udce4 file"
    assert [row.message for _, row in backend.logs(run.id)] == ["half a pair \\ud83d"]
    assert backend.find_flow_runs("from \udce4 file")[0].id == run.id


def test_a_command_that_is_not_unicode_does_not_stop_a_process(backend):
    backend.register_process(process(command="python \udce4.py"))
    assert backend.info().rows["processes"] == 1


def test_text_with_a_nul_stays_whole(backend):
    run = flow_run(message="before\0after")
    backend.append(batch(run))
    assert backend.flow_run(run.id).message == "before\0after"


def test_what_is_not_there_is_none(backend):
    nobody = new_id()
    assert backend.flow_run(nobody) is None
    assert backend.task_run(nobody) is None
    assert backend.groups(nobody) == []
    assert backend.task_runs(nobody) == []
    assert backend.logs(nobody) == []
    assert backend.children(nobody) == []
    assert list(backend.memo(nobody)) == []


def test_many_threads_read_and_write_at_once(backend):
    runs = [flow_run() for _ in range(4)]
    failures: list[BaseException] = []

    def work(run):
        try:
            backend.append(batch(run))
            for _ in range(10):
                backend.append(batch(*[task_run(run) for _ in range(20)]))
                assert len(backend.task_runs(run.id)) % 20 == 0
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [len(backend.task_runs(run.id)) for run in runs] == [200] * 4
