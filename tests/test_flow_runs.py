"""Flows that wait for people: paused in their process, suspended without one."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

import pydantic
import pytest

from noria import (
    apause_flow_run,
    aresume_flow_run,
    asuspend_flow_run,
    flow,
    pause_flow_run,
    resume_flow_run,
    suspend_flow_run,
    task,
)
from noria.core import clock
from noria.core.states import StateType
from noria.exceptions import (
    CancelledRun,
    FlowPauseTimeout,
    NotPausedError,
    ObjectNotFound,
    PausedRun,
    RunInputError,
)
from noria.flow_runs import wait_for_flow_run
from noria.input import RunInput, keyset_from_paused_state, read_flow_run_input
from noria.loading import load_flow_from_entrypoint
from noria.logging import get_logger
from noria.runs import fork, resume
from noria.runtime import flow_run
from noria.session import open_session
from noria.task_runners import ProcessPoolTaskRunner
from tests.waiters import People, id_of


class Approval(RunInput):
    同意: bool
    金额: int = 3


class Picky(pydantic.BaseModel):
    rows: int

    @pydantic.field_validator("rows")
    @classmethod
    def even(cls, rows: int) -> int:
        if rows % 2:
            raise ValueError("rows must be even")
        return rows


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    came = People(monkeypatch)
    yield came
    came.leave()


class Stepped(clock.Clock):
    """A clock that only moves while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_795_348_863.0

    def now(self) -> int:
        return int(self.time * 1_000_000)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def stepped() -> Iterator[Stepped]:
    with clock.use(Stepped()) as installed:
        assert isinstance(installed, Stepped)
        yield installed


def stored(run_id: uuid.UUID) -> Any:
    session = open_session()
    session.journal.flush()
    return session.backend.flow_run(run_id.bytes)


def history(run_id: uuid.UUID) -> list[str]:
    return [name for name, _, _ in json.loads(stored(run_id).history)]


class TestPause:
    def test_it_waits_until_somebody_resumes_the_run(self, people):
        people.resume(None)

        @flow
        def release():
            return pause_flow_run(timeout=60)

        assert release() is None
        assert len(people.asked) == 1

    def test_the_run_is_paused_meanwhile(self, people):
        seen = []

        def look(row):
            seen.append(stored(id_of(row)))
            resume_flow_run(id_of(row))

        people.answers.append(look)

        @flow
        def release():
            pause_flow_run(timeout=60)
            return flow_run.id

        run_id = uuid.UUID(str(release()))
        assert (seen[0].message, seen[0].end) == ("waits to be resumed", None)
        assert history(run_id) == ["Running", "Paused"]
        assert stored(run_id).state is StateType.COMPLETED

    @pytest.mark.parametrize(
        ("asked", "given", "value"),
        [
            (Approval, {"同意": True}, (True, 3)),
            (Approval.with_initial_data(金额=7), {"同意": False}, (False, 7)),
            (int, {"value": 3}, 3),
            (list[int], {"value": [1, 2]}, [1, 2]),
            (dict, {"value": {"城市": "上海"}}, {"城市": "上海"}),
            (date, {"value": "2026-11-22"}, date(2026, 11, 22)),
            (Literal["是", "否"], {"value": "是"}, "是"),
            (int | None, {"value": None}, None),
            (pydantic.RootModel[list[int]], {"value": [1]}, pydantic.RootModel[list[int]]([1])),
        ],
    )
    def test_the_answer_is_a_value_of_the_type(self, people, asked, given, value):
        people.resume(given)

        @flow
        def release():
            return pause_flow_run(wait_for_input=asked, timeout=60)

        answer = release()
        if isinstance(answer, Approval):
            assert (answer.同意, answer.金额) == value
        else:
            assert answer == value

    def test_of_a_model_it_is_an_instance(self, people):
        people.resume({"rows": 2})

        @flow
        def release():
            return pause_flow_run(Picky, timeout=60)

        answer = release()
        assert isinstance(answer, Picky)
        assert answer.rows == 2
        assert answer.metadata.key == "paused-1-response"

    def test_an_answer_that_does_not_fit_is_refused_and_the_run_waits_on(self, people):
        refused = []

        def answer(row):
            for given in (None, {"同意": "maybe"}, {"同意": True, "extra": 1}):
                with pytest.raises(RunInputError) as info:
                    resume_flow_run(id_of(row), given)
                refused.append(str(info.value).partition(": ")[2])
            resume_flow_run(id_of(row), {"同意": True, "金额": 5})

        people.answers.append(answer)

        @flow
        def release():
            return pause_flow_run(wait_for_input=Approval, timeout=60).金额

        assert release() == 5
        assert refused == [
            "同意: expected true or false, found nothing.",
            "同意: expected true or false, found 'maybe'.",
            "extra: expected no such field (there are: 同意, 金额), found 1.",
        ]

    def test_one_that_only_the_model_can_judge_is_asked_for_again(self, people):
        people.resume({"rows": 1}, {"rows": 2})

        @flow
        def release():
            return pause_flow_run(wait_for_input=Picky, timeout=60).rows

        assert release() == 2
        assert [row.fault for row in people.asked] == [None, "rows: rows must be even"]

    def test_nobody_comes_in_time(self, stepped):
        @flow
        def release():
            pause_flow_run(timeout=60, poll_interval=7)

        before = stepped.time
        state = release(return_state=True)
        assert stepped.time - before == pytest.approx(60)
        assert state.is_failed()
        assert isinstance(state.data, FlowPauseTimeout)
        with pytest.raises(NotPausedError, match="Failed"):
            resume_flow_run(state.state_details.flow_run_id)

    def test_every_place_has_a_key_of_its_own(self, people):
        people.resume(*({"value": number} for number in range(3)))

        @flow
        def release():
            return [pause_flow_run(int), pause_flow_run(int, key="审批"), pause_flow_run(int)]

        assert release() == [0, 1, 2]
        assert [row.key for row in people.asked] == ["paused-1", "paused-审批", "paused-2"]

    def test_its_state_says_what_is_asked(self):
        @flow
        def release():
            suspend_flow_run(Approval.with_initial_data(description="好吗?"))

        state = release(return_state=True)
        run_id = state.state_details.flow_run_id
        keys = keyset_from_paused_state(state)
        assert state.state_details.run_input_keyset == keys
        assert state.message == "好吗?"
        assert read_flow_run_input(keys["description"], run_id) == "好吗?"
        assert sorted(read_flow_run_input(keys["schema"], run_id)["properties"]) == ["同意", "金额"]

    def test_a_task_pauses_the_flow(self, people):
        people.resume({"value": 3})

        @task
        def ask():
            return pause_flow_run(int, timeout=60)

        @flow
        def release():
            return ask.submit().result(), flow_run.id

        value, run_id = release()
        assert value == 3
        assert history(uuid.UUID(str(run_id))) == ["Running", "Paused"]

    def test_a_task_in_another_process_is_told_that_it_cannot(self):
        @task
        def ask():
            pause_flow_run(timeout=60)

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
        def release():
            return ask.submit().result()

        state = release(return_state=True)
        assert "in a process of its own cannot pause" in state.message

    def test_an_answer_is_kept_when_the_flow_is_tried_again(self, people):
        people.resume({"value": 3})
        attempts = []

        @flow(retries=1)
        def release():
            answer = pause_flow_run(int, timeout=60)
            attempts.append(answer)
            if len(attempts) == 1:
                raise ValueError("once")
            return answer

        assert release() == 3
        assert attempts == [3, 3]

    def test_an_answer_is_kept_when_the_run_is_resumed(self, people):
        people.resume({"value": 3}, {"value": 4})
        fixed = []

        @flow
        def release():
            first = pause_flow_run(int, timeout=60)
            if not fixed:
                raise ValueError("a bug")
            return first + pause_flow_run(int, timeout=60)

        state = release(return_state=True)
        fixed.append(True)
        assert resume(state.state_details.flow_run_id, flow=release).result() == 7
        assert [row.key for row in people.asked] == ["paused-1", "paused-2"]

    def test_from_a_task_on_it_is_asked_again(self, people):
        people.resume({"value": 1}, {"value": 2}, {"value": 30})

        @task
        def work(n):
            return n

        @flow
        def release():
            first = pause_flow_run(int, timeout=60)
            work(first)
            return first + pause_flow_run(int, timeout=60)

        state = release(return_state=True)
        run_id = state.state_details.flow_run_id
        assert state.result() == 3
        assert resume(run_id, flow=release, rerun_from="work").result() == 31

    def test_rejected_the_run_is_cancelled(self, people):
        def reject(row):
            backend = open_session().backend
            backend.end_pause(row.flow_run, row.key, "rejected", clock.now(), "too dear")
            open_session().changed()

        people.answers.append(reject)
        ids = []

        @flow
        def release():
            ids.append(uuid.UUID(str(flow_run.id)))
            pause_flow_run(timeout=60)

        with pytest.raises(CancelledRun, match="rejected: too dear"):
            release()
        assert stored(ids[0]).state is StateType.CANCELLED

    def test_a_cancelled_run_stops_to_wait(self, people):
        def cancel(row):
            session = open_session()
            session.executions[row.flow_run].cancel("enough")

        people.answers.append(cancel)

        @flow
        def release():
            pause_flow_run(timeout=60)

        with pytest.raises(CancelledRun, match="enough"):
            release()

    def test_outside_a_flow_there_is_nothing_to_pause(self):
        with pytest.raises(RuntimeError, match="inside a flow"):
            pause_flow_run()

    def test_a_negative_timeout_is_refused(self):
        @flow
        def release():
            pause_flow_run(timeout=-1)

        with pytest.raises(ValueError, match="timeout is -1"):
            release()

    def test_the_event_loop_goes_on(self, people):
        @flow
        async def release():
            loop, asked = asyncio.get_running_loop(), asyncio.Event()
            people.answers.append(lambda row: loop.call_soon_threadsafe(asked.set))

            async def colleague():
                await asked.wait()
                await aresume_flow_run(flow_run.id, {"value": 5})

            helper = asyncio.create_task(colleague())
            answer = await pause_flow_run(int, timeout=60)
            await helper
            return answer

        assert asyncio.run(release()) == 5

    def test_an_async_wait_ends_in_time(self):
        @flow
        async def release():
            with pytest.raises(FlowPauseTimeout):
                await apause_flow_run(timeout=0.001)

        asyncio.run(release())


class TestSuspend:
    def test_it_ends_the_work_and_goes_on_from_there(self):
        calls = []

        @task
        def work(n):
            calls.append(n)
            return n

        @flow
        def release():
            first = work(1)
            answer = suspend_flow_run(wait_for_input=Approval)
            suspend_flow_run()
            return first, answer.金额, work(2)

        state = release(return_state=True)
        run_id = state.state_details.flow_run_id
        row = stored(run_id)
        assert (state.name, row.process, row.end) == ("Suspended", None, None)
        assert state.message == "waits for input: 同意, 金额"
        again = resume(run_id, flow=release, run_input={"同意": True})
        assert (again.name, again.message) == ("Suspended", "waits to be resumed")
        assert resume(run_id, flow=release).result() == (1, 3, 2)
        assert calls == [1, 2]
        assert history(run_id).count("Suspended") == 2

    def test_who_called_it_is_told_how_it_goes_on(self):
        @flow
        def release():
            suspend_flow_run()

        with pytest.raises(PausedRun, match=r"waits to be resumed.*noria runs approve") as info:
            release()
        assert info.value.state.name == "Suspended"

    def test_a_wrong_answer_leaves_it_suspended(self):
        @flow
        def release():
            return suspend_flow_run(wait_for_input=int)

        run_id = release(return_state=True).state_details.flow_run_id
        for given in (None, {"value": "x"}):
            with pytest.raises(RunInputError, match="value: expected an integer"):
                resume(run_id, flow=release, run_input=given)
            assert stored(run_id).state_name == "Suspended"
        assert resume(run_id, flow=release, run_input={"value": 2}).result() == 2

    def test_one_that_only_the_model_can_judge_suspends_again(self):
        @flow
        def release():
            return suspend_flow_run(wait_for_input=Picky).rows

        run_id = release(return_state=True).state_details.flow_run_id
        again = resume(run_id, flow=release, run_input={"rows": 1})
        assert again.name == "Suspended"
        assert "rows must be even" in again.message
        assert resume(run_id, flow=release, run_input={"rows": 4}).result() == 4

    def test_what_has_begun_runs_to_its_end(self):
        done = []

        @task
        def work(n):
            done.append(n)
            return n

        @flow
        def release():
            futures = work.map([1, 2, 3])
            futures[0].wait()
            suspend_flow_run()
            return sum(futures.result())

        run_id = release(return_state=True).state_details.flow_run_id
        assert not open_session().executions
        assert resume(run_id, flow=release).result() == 6
        assert sorted(done) == [1, 2, 3]

    def test_a_sub_flow_suspends_who_called_it(self):
        calls = []

        @task
        def work(n):
            calls.append(n)

        @flow
        def inner():
            work(1)
            return suspend_flow_run(wait_for_input=int)

        @flow
        def middle():
            return inner() + 1

        @flow
        def outer():
            work(0)
            value = middle()
            work(2)
            return value

        state = outer(return_state=True)
        run_id = state.state_details.flow_run_id
        backend = open_session().backend
        (pause,) = backend.open_pauses(run_id.bytes)
        assert backend.flow_run(pause.flow_run).flow_name == "inner"
        assert "waits with its sub-flow" in state.message
        assert resume(run_id, flow=outer, run_input={"value": 4}).result() == 5
        assert calls == [0, 1, 2]
        assert len(backend.children(run_id.bytes)) == 1

    def test_async(self):
        calls = []

        @task
        async def work(n):
            calls.append(n)

        @flow
        async def release():
            await work(1)
            answer = await suspend_flow_run(wait_for_input=int)
            await work(2)
            await asuspend_flow_run()
            return answer

        async def main():
            run_id = (await release(return_state=True)).state_details.flow_run_id
            again = await resume(run_id, flow=release, run_input={"value": 2})
            assert again.name == "Suspended"
            return await resume(run_id, flow=release)

        assert asyncio.run(main()).data == 2
        assert calls == [1, 2]

    def test_in_a_task_group(self):
        @flow
        async def inner(n):
            if n == 1:
                return await suspend_flow_run(wait_for_input=int)
            return n

        @flow
        async def outer():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(inner(n)) for n in range(3)]
            return [each.result() for each in tasks]

        async def main():
            state = await outer(return_state=True)
            assert state.name == "Suspended"
            run_id = state.state_details.flow_run_id
            return await resume(run_id, flow=outer, run_input={"value": 5})

        assert asyncio.run(main()).data == [0, 5, 2]

    def test_a_fork_asks_anew(self):
        @flow
        def release():
            return suspend_flow_run(wait_for_input=int)

        run_id = release(return_state=True).state_details.flow_run_id
        assert resume(run_id, flow=release, run_input={"value": 1}).result() == 1
        other = fork(run_id, flow=release)
        assert other.name == "Suspended"
        other_id = other.state_details.flow_run_id
        assert resume(other_id, flow=release, run_input={"value": 2}).result() == 2

    def test_what_was_answered_goes_to_tasks_and_comes_from_their_results(self):
        used = []

        @task
        def use(answer):
            used.append(answer.金额)
            return answer

        @flow
        def release():
            answer = suspend_flow_run(Approval.with_initial_data(金额=8))
            again = use(answer)
            suspend_flow_run()
            return use(again).金额

        run_id = release(return_state=True).state_details.flow_run_id
        assert resume(run_id, flow=release, run_input={"同意": True}).name == "Suspended"
        assert resume(run_id, flow=release).result() == 8
        assert used == [8, 8]

    def test_a_generator_flow(self):
        @flow
        def release():
            yield 1
            yield suspend_flow_run(wait_for_input=int)

        items = release()
        assert next(items) == 1
        with pytest.raises(PausedRun):
            next(items)
        (pause,) = open_session().backend.open_pauses()
        resume(id_of(pause), flow=release, run_input={"value": 2})
        assert stored(id_of(pause)).state is StateType.COMPLETED

    def test_too_late_it_has_failed(self, stepped):
        @flow
        def release():
            suspend_flow_run(timeout=60)

        run_id = release(return_state=True).state_details.flow_run_id
        stepped.time += 61
        with pytest.raises(FlowPauseTimeout, match="can no longer be resumed"):
            resume_flow_run(run_id)
        assert stored(run_id).state is StateType.FAILED

    def test_a_failed_one_can_be_asked_again(self, stepped):
        @flow
        def release():
            return suspend_flow_run(wait_for_input=int, timeout=60)

        run_id = release(return_state=True).state_details.flow_run_id
        stepped.time += 61
        assert resume(run_id, flow=release).name == "Suspended"
        assert resume(run_id, flow=release, run_input={"value": 1}).result() == 1

    def test_a_task_cannot(self):
        @task
        def ask():
            suspend_flow_run()

        @flow
        def release():
            ask()

        with pytest.raises(RuntimeError, match="A task cannot suspend"):
            release()

    def test_outside_a_flow_there_is_nothing_to_suspend(self):
        with pytest.raises(RuntimeError, match="inside a flow"):
            suspend_flow_run()

    def test_it_is_cancelled_at_once(self):
        @flow
        def release():
            suspend_flow_run()

        run_id = release(return_state=True).state_details.flow_run_id
        open_session().backend.request_cancel(run_id.bytes, clock.now())
        assert stored(run_id).state is StateType.CANCELLED
        with pytest.raises(NotPausedError):
            resume_flow_run(run_id)


class TestSuspendAnother:
    def test_it_stops_where_it_would_next_call_something(self):
        calls = []

        @task
        def first():
            calls.append("first")
            suspend_flow_run(flow_run_id=flow_run.id)
            within()

        @task
        def within():
            calls.append("within")

        @task
        def second():
            calls.append("second")

        @flow
        def release():
            first()
            calls.append("between")
            second()
            return 1

        state = release(return_state=True)
        assert (state.name, state.message) == ("Suspended", "suspended on request")
        assert calls == ["first", "within", "between"]
        assert resume(state.state_details.flow_run_id, flow=release).result() == 1
        assert calls == ["first", "within", "between", "between", "second"]

    def test_withdrawn_in_time_it_does_not_stop(self):
        @task
        def first():
            suspend_flow_run(flow_run_id=flow_run.id)
            resume_flow_run(flow_run.id)

        @task
        def second():
            return 2

        @flow
        def release():
            first()
            return second()

        assert release() == 2

    def test_its_sub_flows_stop_too(self):
        @task
        def ask(run_id):
            suspend_flow_run(flow_run_id=run_id)

        @task
        def more():
            return 3

        @flow
        def inner(run_id):
            ask(run_id)
            return more()

        @flow
        def outer():
            return inner(str(flow_run.id))

        state = outer(return_state=True)
        assert state.name == "Suspended"
        assert resume(state.state_details.flow_run_id, flow=outer).result() == 3

    def test_it_must_be_running(self):
        @flow
        def quick(): ...

        run_id = quick(return_state=True).state_details.flow_run_id
        with pytest.raises(RuntimeError, match="only one that is Running can be suspended"):
            suspend_flow_run(flow_run_id=run_id)
        with pytest.raises(ObjectNotFound):
            suspend_flow_run(flow_run_id=uuid.uuid4())


FLOWS = """
from noria import flow, suspend_flow_run, task

@task
def work(n):
    return n

@flow
def release():
    suspend_flow_run()
    suspend_flow_run()
    print("released", work(1))

@flow
async def later():
    await suspend_flow_run()
    print("released", work(2))
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Flows in a file, which can be loaded again."""
    (tmp_path / "waiting_flows.py").write_text(FLOWS, encoding="utf-8")
    yield lambda name: load_flow_from_entrypoint(f"{tmp_path / 'waiting_flows.py'}:{name}")
    sys.modules.pop("waiting_flows", None)


class TestResume:
    def test_a_suspended_run_goes_on_here(self, written, capsys):
        run_id = written("release")(return_state=True).state_details.flow_run_id
        resume_flow_run(run_id)
        assert stored(run_id).state_name == "Suspended"
        resume_flow_run(str(run_id))
        assert stored(run_id).state is StateType.COMPLETED
        assert capsys.readouterr().out == "released 1\n"

    def test_not_as_a_part_of_the_run_that_resumes_it(self, written):
        run_id = written("release")(return_state=True).state_details.flow_run_id

        @task
        def supervise():
            resume_flow_run(run_id)

        @flow
        def supervisor():
            supervise()
            supervise.submit().result()

        supervisor()
        row = stored(run_id)
        assert (row.state, row.parent_run, row.epoch) == (StateType.COMPLETED, None, 3)

    def test_in_async_code(self, written, capsys):
        async def main():
            state = await written("later")(return_state=True)
            await resume_flow_run(state.state_details.flow_run_id)
            return state.state_details.flow_run_id

        assert stored(asyncio.run(main())).state is StateType.COMPLETED
        assert capsys.readouterr().out == "released 2\n"

    def test_an_async_flow_from_sync_code(self, written):
        state = asyncio.run(written("later")(return_state=True))
        run_id = state.state_details.flow_run_id
        resume_flow_run(run_id)
        assert stored(run_id).state is StateType.COMPLETED


def test_only_what_waits_can_be_resumed():
    with pytest.raises(ObjectNotFound):
        resume_flow_run(uuid.uuid4())


class TestWaitingForTheEnd:
    def test_the_states_are_logged(self, caplog):
        @flow
        def quick(): ...

        run_id = quick(return_state=True).state_details.flow_run_id
        logger = get_logger("flow_runs")
        logger.addHandler(caplog.handler)
        try:
            asyncio.run(wait_for_flow_run(run_id, log_states=True))
        finally:
            logger.removeHandler(caplog.handler)
        (message,) = [record.getMessage() for record in caplog.records]
        assert message.endswith("is Completed.")
