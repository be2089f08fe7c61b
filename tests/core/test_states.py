"""States as values: names, texts, copies, equality."""

import copy
import datetime
import pickle
import uuid
from typing import Any

import pandas as pd
import pytest

from noria.core import clock
from noria.core.states import (
    STATE_BY_CODE,
    STATE_CODES,
    State,
    StateDetails,
    StateType,
    default_name,
)

NOON = datetime.datetime(2013, 1, 1, 12, tzinfo=datetime.UTC)


class Stepped(clock.Clock):
    """A clock that moves one second at each reading."""

    def __init__(self):
        self.reading = clock.to_micros(NOON)

    def now(self):
        self.reading += 1_000_000
        return self.reading


@pytest.fixture(autouse=True)
def stepped():
    with clock.use(Stepped()) as stepping:
        yield stepping


def state(**fields):
    return State(**{"type": StateType.COMPLETED, "timestamp": NOON, **fields})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (StateType.SCHEDULED, "Scheduled"),
        (StateType.PENDING, "Pending"),
        (StateType.RUNNING, "Running"),
        (StateType.COMPLETED, "Completed"),
        (StateType.FAILED, "Failed"),
        (StateType.CANCELLED, "Cancelled"),
        (StateType.CRASHED, "Crashed"),
        (StateType.PAUSED, "Paused"),
        (StateType.CANCELLING, "Cancelling"),
    ],
)
def test_a_type_gives_its_name(kind, name):
    assert State(type=kind).name == default_name(kind) == name


def test_codes_are_stable():
    assert [kind.value for kind in STATE_BY_CODE] == [
        "SCHEDULED",
        "PENDING",
        "RUNNING",
        "COMPLETED",
        "FAILED",
        "CANCELLED",
        "CRASHED",
        "PAUSED",
        "CANCELLING",
    ]
    assert all(STATE_BY_CODE[code] is kind for kind, code in STATE_CODES.items())


def test_a_type_shows_itself_by_name():
    assert str(StateType.FAILED) == repr(StateType.FAILED) == f"{StateType.FAILED}"
    assert str(StateType.FAILED) == "StateType.FAILED"
    assert StateType.FAILED == "FAILED"


@pytest.mark.parametrize("wrong", ["BAD", "completed", 3, None])
def test_an_unknown_type_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{wrong!r} is not a valid StateType; expected one of"):
        State(type=wrong)


def test_a_type_may_be_given_as_text():
    assert State(type="FAILED").type is StateType.FAILED


@pytest.mark.parametrize(
    ("fields", "short", "long"),
    [
        ({}, "Completed()", "Completed(message=None, type=COMPLETED, result=None)"),
        (
            {"message": "m", "data": 3},
            "Completed('m')",
            "Completed(message='m', type=COMPLETED, result=3)",
        ),
        (
            {"name": "Cached", "message": "m"},
            "Cached('m', type=COMPLETED)",
            "Cached(message='m', type=COMPLETED, result=None)",
        ),
        (
            {"name": "COMPLETED"},
            "COMPLETED()",
            "COMPLETED(message=None, type=COMPLETED, result=None)",
        ),
    ],
)
def test_texts(fields, short, long):
    assert str(state(**fields)) == short
    assert repr(state(**fields)) == long


@pytest.mark.parametrize("kind", list(StateType))
def test_questions_about_the_type(kind):
    asked = {each: getattr(State(type=kind), f"is_{each.value.lower()}")() for each in StateType}
    assert asked == {each: each is kind for each in StateType}
    ends = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}
    assert State(type=kind).is_final() == (kind.value in ends)


def test_ids_differ_and_are_sortable():
    assert state().id != state().id
    assert state().id.version == 7


def test_states_are_equal_when_all_but_their_ids_is_equal():
    assert state() == state()
    assert hash(state()) == hash(state())
    assert len({state(), state()}) == 1
    assert State(type="COMPLETED") != State(type="COMPLETED")


@pytest.mark.parametrize(
    "fields",
    [
        {"type": StateType.FAILED},
        {"name": "Cached"},
        {"message": "m"},
        {"data": 3},
        {"timestamp": NOON + datetime.timedelta(seconds=1)},
        {"state_details": StateDetails(cache_key="k")},
    ],
)
def test_states_that_differ_are_not_equal(fields):
    assert state() != state(**fields)


def test_a_state_is_nothing_else():
    assert state() != 3


def test_frames_as_data_do_not_upset_equality():
    frame = pd.DataFrame({"a": [1, 2]})
    assert state(data=frame) == state(data=frame)
    assert state(data=frame) != state(data=frame.copy())


def test_the_hash_tells_runs_apart():
    run = uuid.uuid4()
    assert hash(state(state_details=StateDetails(task_run_id=run))) != hash(state())
    assert hash(state(message="m")) == hash(state())


def test_copy_keeps_id_and_time():
    one = state(message="m", data=3)
    other = one.copy(update={"name": "Cached"})
    assert (other.id, other.timestamp, other.name) == (one.id, NOON, "Cached")
    assert (other.message, other.data) == ("m", 3)
    assert one.name == "Completed"


def test_model_copy_keeps_the_id_and_is_entered_now():
    one = state(data=[1])
    other = one.model_copy()
    assert other.id == one.id
    assert other.timestamp > one.timestamp
    assert other.data is one.data
    assert other.state_details is one.state_details
    assert one.model_copy(update={"timestamp": NOON}).timestamp == NOON


def test_a_deep_copy_shares_nothing():
    one = state(data=[1])
    other = one.model_copy(deep=True)
    assert other.data == one.data
    assert other.data is not one.data
    assert other.state_details is not one.state_details


@pytest.mark.parametrize("deep", [False, True])
def test_fresh_copy_has_a_new_id_and_is_entered_now(deep):
    one = state()
    other = one.fresh_copy(deep=deep)
    assert other.id != one.id
    assert other.timestamp > one.timestamp


def test_a_scheduled_state_is_due_when_it_was_made():
    scheduled: State[Any] = State(type="SCHEDULED")
    assert scheduled.state_details.scheduled_time == scheduled.timestamp


def test_a_scheduled_state_keeps_its_time():
    details = StateDetails(scheduled_time=NOON)
    assert State(type="SCHEDULED", state_details=details).state_details.scheduled_time == NOON


def test_fields_may_come_from_json():
    made: State[Any] = State(
        type="COMPLETED",
        id="00000000-0000-0000-0000-000000000001",
        timestamp="2013-01-01T12:00:00Z",
        state_details={"cache_key": "k"},
    )
    assert made.id == uuid.UUID(int=1)
    assert made.timestamp == NOON
    assert made.state_details.cache_key == "k"


def test_details_default_and_show_all():
    details = StateDetails(cache_key="k")
    assert details == StateDetails(cache_key="k") != StateDetails()
    assert details.untrackable_result is False
    assert details.pause_reschedule is False
    assert repr(details).startswith("StateDetails(flow_run_id=None, task_run_id=None, ")
    assert "cache_key='k'" in repr(details)


def test_details_know_their_fields():
    with pytest.raises(TypeError, match="StateDetails has no field named 'bogus'"):
        StateDetails(bogus=1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(StateDetails())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_states_travel(duplicate):
    one = state(message="m", data={"a": 1}, state_details=StateDetails(cache_key="k"))
    other = duplicate(one)
    assert other == one
    assert other.id == one.id
