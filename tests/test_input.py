"""What runs are sent while they run, by people and by one another."""

from __future__ import annotations

import asyncio
import threading
import uuid

import pydantic
import pytest

from noria import flow, task
from noria.exceptions import ObjectAlreadyExists, ObjectNotFound
from noria.input import (
    RunInput,
    create_flow_run_input,
    create_flow_run_input_from_model,
    delete_flow_run_input,
    filter_flow_run_input,
    read_flow_run_input,
    receive_input,
    run_input_subclass_from_type,
    send_input,
)
from noria.runtime import flow_run
from noria.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner


class Number(RunInput):
    数: int


class Plain(pydantic.BaseModel):
    name: str


def test_inputs_come_once_each_in_the_order_of_sending():
    @flow
    def collect():
        for number in (3, 1, 2):
            Number(数=number).send_to(flow_run.id)
        handler = Number.receive(timeout=0)
        return [each.数 for each in handler], list(handler)

    assert collect() == ([3, 1, 2], [])


def test_values_of_any_type():
    @flow
    def collect():
        for value in (1, [1, 2], {"城市": "上海"}, "文", Plain(name="x")):
            send_input(value, flow_run.id)
        kinds = (int, list[int], dict, str, Plain)
        return [receive_input(kind, timeout=0).next() for kind in kinds]

    *values, plain = collect()
    assert values == [1, [1, 2], {"城市": "上海"}, "文"]
    assert plain.name == "x"


def test_a_receiver_responds_to_the_run_that_sent():
    ids = asyncio.Queue()

    @flow
    async def receiver():
        await ids.put(flow_run.id)
        async for given in Number.receive(timeout=60):
            assert given.metadata.sender.startswith("noria.flow-run.")
            await given.respond(Number(数=given.数**2))
            break
        return given.数

    @flow
    async def sender():
        other = await ids.get()
        await Number(数=7).send_to(other)
        return (await Number.receive(timeout=60).next()).数

    @flow
    async def both():
        return await asyncio.gather(receiver(), sender())

    assert asyncio.run(both()) == [7, 49]


def test_a_thread_wakes_the_one_who_waits():
    begun = threading.Event()
    ids = []

    @task
    def wait_for_it():
        begun.set()
        return receive_input(str, timeout=60, poll_interval=60).next()

    @flow
    def collect():
        ids.append(flow_run.id)
        future = wait_for_it.submit()
        begun.wait()
        send_input("here", flow_run.id)
        return future.result()

    assert collect() == "here"


@pytest.mark.parametrize("workers", [1, 2])
def test_who_waits_does_not_block_a_pool(workers):
    @task
    def receive():
        return receive_input(int, timeout=60, poll_interval=60).next()

    @task
    async def receive_async():
        return await receive_input(str, timeout=60, poll_interval=60).next()

    @task
    def send():
        send_input(5, flow_run.id)
        send_input("five", flow_run.id)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=workers))
    def collect():
        futures = receive.submit(), receive_async.submit()
        send.submit().result()
        return [future.result() for future in futures]

    assert collect() == [5, "five"]


def test_a_task_in_another_process_sends_and_receives():
    @task
    def both():
        send_input([1, 2], flow_run.id)
        return receive_input(list[int], timeout=60).next()

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def collect():
        return both.submit().result()

    assert collect() == [1, 2]


def test_text_that_is_no_unicode_comes_as_it_was():
    @flow
    def collect():
        send_input("\udcff文", flow_run.id)
        return receive_input(str, timeout=0).next()

    assert collect() == "\udcff文"


def test_nothing_comes_in_time():
    @flow
    def collect():
        assert list(receive_input(int, timeout=0)) == []
        with pytest.raises(TimeoutError, match="within 0 s"):
            list(receive_input(int, timeout=0, raise_timeout_error=True))
        with pytest.raises(TimeoutError):
            receive_input(int, timeout=0).next()

    collect()


def test_nothing_comes_in_time_on_a_loop():
    @flow
    async def collect():
        assert [each async for each in receive_input(int, timeout=0)] == []
        with pytest.raises(TimeoutError):
            async for _ in receive_input(int, timeout=0.001, raise_timeout_error=True):
                pass

    asyncio.run(collect())


def test_with_metadata_and_without_some():
    @flow
    def collect():
        send_input(1, flow_run.id, sender="mail")
        send_input(2, flow_run.id, key_prefix="其他")
        (first,) = receive_input(int, timeout=0, with_metadata=True)
        assert (first.value, first.metadata.sender) == (1, "mail")
        assert first.metadata.receiver == uuid.UUID(str(flow_run.id))
        assert list(receive_input(int, timeout=0, exclude_keys={first.metadata.key})) == []
        return list(receive_input(int, timeout=0, key_prefix="其他"))

    assert collect() == [2]


def test_one_that_nobody_named_sent_is_not_responded_to():
    @flow
    def collect():
        send_input(Number(数=1), flow_run.id, sender="mail")
        given = Number.receive(timeout=0).next()
        with pytest.raises(RuntimeError, match="sent by mail"):
            given.respond(Number(数=2))

    collect()


def test_by_key():
    @flow
    def keep():
        create_flow_run_input("键", {"a": [1]})
        create_flow_run_input_from_model("model", Number(数=3))
        with pytest.raises(ObjectAlreadyExists, match="键"):
            create_flow_run_input("键", 2)
        assert read_flow_run_input("键") == {"a": [1]}
        assert read_flow_run_input("nothing") is None
        found = filter_flow_run_input("", limit=5, exclude_keys={"键"})
        assert [(each.key, each.decoded_value) for each in found] == [("model", {"数": 3})]
        delete_flow_run_input("键")
        assert read_flow_run_input("键") is None
        with pytest.raises(ValueError, match="letters, digits"):
            create_flow_run_input("a b", 1)

    keep()


def test_there_must_be_such_a_run():
    with pytest.raises(ObjectNotFound):
        send_input(1, uuid.uuid4())
    with pytest.raises(RuntimeError, match="Give flow_run_id"):
        read_flow_run_input("a")


def test_the_input_of_a_type():
    assert run_input_subclass_from_type(Number) is Number
    of_plain = run_input_subclass_from_type(Plain)
    assert issubclass(of_plain, Plain)
    assert issubclass(of_plain, RunInput)
    assert run_input_subclass_from_type(Plain) is of_plain
    assert run_input_subclass_from_type(list[int]).__name__ == "listAutomaticRunInput"


def test_other_defaults_leave_the_input_as_it_was():
    other = Number.with_initial_data(description="which?", 数=5, more="x")
    assert other().model_dump() == {"数": 5, "more": "x"}
    assert Number.model_fields["数"].is_required()
    assert issubclass(other, Number)
    assert (other._description, Number._description) == ("which?", None)
