"""The fixtures, as pytest finds them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from noria import flow
from noria.testing import innermost_store, noria_test_harness


@flow
def hello():
    return "hello"


def test_pytest_finds_the_plugin():
    (found,) = entry_points(group="pytest11", name="noria")
    assert found.value == "noria.testing.plugin"


def test_it_loads_next_to_nothing():
    program = (
        "import sys, pytest; before = set(sys.modules); import noria.testing.plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.split() == [b"noria", b"noria.testing", b"noria.testing.plugin"]


def test_noria_itself_does_without_pytest():
    program = (
        "import sys; from noria import flow; from noria.testing import noria_test_harness\n"
        "with noria_test_harness(): flow(lambda: 1, name='one')()\n"
        "assert 'pytest' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.fixture(scope="module")
def shared_store():
    with noria_test_harness() as store:
        yield store


def test_each_test_has_a_store_of_its_own(noria_store):
    hello()
    assert len(noria_store.flow_runs()) == 1


def test_each_test_has_a_store_of_its_own_again(noria_store):
    assert noria_store.flow_runs() == []
    assert innermost_store() is noria_store


def test_clock_and_store_are_of_one_test(noria_clock, noria_store):
    hello()
    (run,) = noria_store.flow_runs()
    assert run.start_time == noria_clock.now


def test_a_clock_alone_takes_the_store_around(shared_store, noria_clock, crash_at):
    hello()
    crash_at(1)(hello)
    assert len(shared_store.flow_runs()) == 1
    assert innermost_store() is shared_store
