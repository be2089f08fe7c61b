"""The gate of a thread, struck at chosen moments."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from noria.core.errors import CancelRun
from noria.engine.drivers import adrive, drive, drive_to_bell
from noria.engine.effects import Ask
from noria.engine.gate import Gate, gate


class Worker:
    """A thread that does what it is told, one thing after another."""

    def __init__(self):
        self.gate = gate()
        self.ready = threading.Event()
        self.go_on = threading.Event()
        self.raised: list[BaseException] = []

    def run(self, body):
        thread = threading.Thread(target=self._run, args=(body,))
        thread.start()
        self.ready.wait()
        return thread

    def _run(self, body):
        self.gate = gate()
        try:
            body(self)
        except BaseException as exc:  # noqa: BLE001 - what a test looks at
            self.raised.append(exc)
        finally:
            self.gate.shut(self.raised[0] if self.raised else None)


def spin_until(event):
    while not event.is_set():
        pass


def test_an_open_gate_lets_an_interruption_through_at_once():
    worker = Worker()

    def body(worker):
        worker.ready.set()
        spin_until(worker.go_on)

    thread = worker.run(body)
    assert worker.gate.strike(CancelRun())
    thread.join()
    assert [type(error) for error in worker.raised] == [CancelRun]


def test_a_shut_gate_keeps_it_until_it_is_opened():
    worker, passed = Worker(), []

    def body(worker):
        worker.gate.shut()
        worker.ready.set()
        worker.go_on.wait()
        passed.append("undisturbed")
        worker.gate.open()
        passed.append("never")

    thread = worker.run(body)
    error = CancelRun("why")
    worker.gate.strike(error)
    worker.go_on.set()
    thread.join()
    assert worker.raised == [error]
    assert passed == ["undisturbed"]


def test_an_interruption_ends_a_wait_of_the_engine():
    worker, never = Worker(), threading.Event()

    def body(worker):
        worker.gate.shut()
        worker.ready.set()
        worker.gate.wait(never, None)

    thread = worker.run(body)
    worker.gate.strike(CancelRun())
    thread.join()
    assert [type(error) for error in worker.raised] == [CancelRun]


def test_what_was_meant_for_another_owner_never_arrives():
    own = gate()
    first, second = object(), object()
    was_open = own.shut()
    try:
        own.belong_to(first)
        assert own.strike(CancelRun(), first)
        own.belong_to(second)
        own.open()
        own.shut()
        assert not own.strike(CancelRun(), first)
    finally:
        own.belong_to(None)
        own.restore(was_open)


def test_a_handler_raises_in_an_open_gate_and_waits_at_a_shut_one():
    own = gate()
    with pytest.raises(KeyboardInterrupt):
        own.arrive(KeyboardInterrupt())
    was_open = own.shut()
    late = KeyboardInterrupt()
    own.arrive(late)
    with pytest.raises(KeyboardInterrupt) as caught:
        own.restore(was_open)
    assert caught.value is late
    own.open()


def test_what_is_forgotten_is_not_raised():
    own = gate()
    was_open = own.shut()
    late = TimeoutError()
    own.arrive(late)
    own.forget(late)
    own.restore(was_open)


def test_a_wait_ends_with_its_event_or_its_time():
    own, event = gate(), threading.Event()
    assert not own.wait(event, 0)
    event.set()
    assert own.wait(event, None)
    assert own.opened


class Twice(list):
    """A program that notes what its effect has raised, and goes on with a second effect."""

    def run(self):
        for _ in range(2):
            try:
                yield Ask(self.fail)
            except BaseException as error:  # noqa: BLE001 - it is to be seen what comes
                self.append(type(error))

    def fail(self):
        raise ValueError


@pytest.mark.parametrize("performed_by", [drive, drive_to_bell, lambda it: asyncio.run(adrive(it))])
def test_a_signal_that_comes_just_after_a_failure_strikes_the_program(monkeypatch, performed_by):
    shut, left = Gate.shut, [1]

    def struck_when_called(own, raised=None):
        if isinstance(raised, ValueError) and left:
            left.pop()
            own.arrive(CancelRun())
        return shut(own, raised)

    monkeypatch.setattr(Gate, "shut", struck_when_called)
    caught = Twice()
    performed_by(caught.run())
    assert caught == [ValueError, CancelRun]


SWALLOWED = """
import sys
import subprocess
import sys
import threading
from noria.core.errors import CancelRun
from noria.engine.gate import gate

def swallow():
    own.append(gate())
    try:
        while True:
            pass
    except CancelRun:
        own[0].shut()

own = []
thread = threading.Thread(target=swallow)
thread.start()
while not own:
    pass
own[0].strike(CancelRun())
thread.join()

def traced():
    return "traced"

sys.settrace(lambda *args: None)
print(traced())
"""


def test_a_thread_is_traced_after_one_has_swallowed_an_interruption():
    # In a process of its own: without an end it could not be told to end.
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("traced\n", "")
