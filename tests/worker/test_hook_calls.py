"""What a worker knows of the hooks that it has others call."""

from __future__ import annotations

import pytest

from noria.backend.deployments_port import RunRequest
from noria.backend.local import LocalBackend
from noria.core.deployments import DeploymentSpec
from noria.core.errors import StoreError
from noria.core.pools import OwedHook
from noria.core.states import StateType
from noria.worker.hook_calls import HookCalls
from noria.worker.orders import Birth, Death, hook_key
from tests.conformance.rows import NOON


class Fickle(LocalBackend):
    """A store that is away now and then."""

    away = False
    called = 0

    def hooks_called(self, flow_run, epoch):
        if self.away:
            raise StoreError("it is away")
        self.called += 1


@pytest.fixture
def backend():
    opened = Fickle(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def hook(backend):
    backend.apply_deployments([DeploymentSpec("etl", "nightly", "etl.py:etl")], NOON)
    (row,) = backend.find_deployments("etl/nightly")
    run = backend.request_run(RunRequest(row.id, NOON), NOON).id
    return OwedHook(run, 1, StateType.CRASHED, None, "gone", NOON, b"me", "default")


@pytest.fixture
def orders():
    return []


@pytest.fixture
def calls(backend, tmp_path, orders):
    return HookCalls(backend, b"me", str(tmp_path), lambda _text: None, orders.append)


def test_their_end_is_put_on_record_though_the_store_was_away(backend, calls, hook):
    calls.begin(hook)
    calls.note(Birth(hook_key(hook), 2**22))
    death = Death(hook_key(hook), 2**22, 0)
    backend.away = True
    with pytest.raises(StoreError):
        calls.note(death)
    backend.away = False
    assert calls.note(death), "it is heard again"
    assert (backend.called, len(calls)) == (1, 0)


def test_another_nursery_calls_what_the_last_one_has_not_begun(backend, calls, hook, orders):
    begun, waits = hook, hook._replace(epoch=2)
    for each in (begun, waits):
        calls.begin(each)
    calls.note(Birth(hook_key(begun), 2**22))
    # It is asked while nobody looks whether the store is there.
    backend.away = True
    (lost,) = calls.order_again()
    assert lost.key == hook_key(begun)
    assert [order.key for order in orders[2:]] == [hook_key(waits)]
    backend.away = False
    calls.note(lost)
    assert (backend.called, len(calls)) == (1, 1)
