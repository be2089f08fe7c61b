"""Cache policies: their algebra, and the keys they compute."""

from __future__ import annotations

import functools
import threading
import uuid
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.cache_policies import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    NO_CACHE,
    NONE,
    RUN_ID,
    TASK_SOURCE,
    CacheKeyFnPolicy,
    CachePolicy,
    CompoundCachePolicy,
    FlowParameters,
    Inputs,
    RunId,
    TaskSource,
    task_input_hash,
)

ALL = [DEFAULT, FLOW_PARAMETERS, INPUTS, NO_CACHE, RUN_ID, TASK_SOURCE]
by_name = pytest.mark.parametrize("policy", ALL, ids=lambda policy: type(policy).__name__)


def double(x: Any) -> Any:
    return x * 2


def triple(x: Any) -> Any:
    return x * 3


def context(fn: Any = double, flow_run: int | None = 1, task_run: int = 2) -> Any:
    """As much of a task run's context as policies look at."""
    flow_run_id = None if flow_run is None else uuid.UUID(int=flow_run)
    return SimpleNamespace(
        task=SimpleNamespace(fn=fn, task_key=getattr(fn, "__name__", "partial")),
        task_run=SimpleNamespace(id=uuid.UUID(int=task_run), flow_run_id=flow_run_id),
    )


def key(policy: CachePolicy, ctx: Any = None, flow: Any = None, **inputs: Any) -> str | None:
    return policy.compute_key(
        task_ctx=context() if ctx is None else ctx, inputs=inputs, flow_parameters=flow or {}
    )


def test_the_default_is_inputs_source_and_run() -> None:
    assert CompoundCachePolicy(policies=[TaskSource(), RunId(), Inputs()]) == DEFAULT


@by_name
def test_adding_nothing_first_changes_nothing(policy: CachePolicy) -> None:
    assert NO_CACHE + policy is policy
    assert NONE + policy is policy


@pytest.mark.parametrize(
    "policy", [INPUTS, RUN_ID, TASK_SOURCE, FLOW_PARAMETERS, NO_CACHE], ids=repr
)
def test_adding_nothing_last_changes_no_single_policy(policy: CachePolicy) -> None:
    assert policy + NO_CACHE is policy


def test_adding_nothing_to_several_changes_no_key() -> None:
    assert key(DEFAULT + NO_CACHE, x=1) == key(DEFAULT, x=1)


def test_policies_are_equal_by_kind_and_content() -> None:
    assert INPUTS == Inputs() != Inputs(exclude=["x"])
    assert NONE == NO_CACHE
    assert INPUTS != TASK_SOURCE
    assert Inputs(key_storage="a") != INPUTS


def test_sums_are_flat_and_look_at_inputs_once() -> None:
    total = INPUTS - "b" + (TASK_SOURCE + (INPUTS - "a")) + RUN_ID
    assert isinstance(total, CompoundCachePolicy)
    assert total.policies == [TaskSource(), RunId(), Inputs(exclude=["a", "b"])]


def test_an_argument_is_taken_out_of_inputs() -> None:
    assert Inputs(exclude=["x"]) == INPUTS - "x"
    assert Inputs(exclude=["x", "y"]) == INPUTS - "x" - "y"
    assert Inputs() == INPUTS
    assert DEFAULT - "x" == TASK_SOURCE + RUN_ID + (INPUTS - "x")
    assert DEFAULT - "x" - "a" == TASK_SOURCE + RUN_ID + (INPUTS - "a" - "x")


@pytest.mark.parametrize(
    "policy", [TASK_SOURCE, RUN_ID, NO_CACHE, FLOW_PARAMETERS, TASK_SOURCE + RUN_ID], ids=repr
)
def test_taking_an_argument_out_of_other_policies_changes_nothing(policy: CachePolicy) -> None:
    assert policy - "x" is policy


@by_name
def test_only_names_can_be_taken_out(policy: Any) -> None:
    with pytest.raises(TypeError, match="Only strings"):
        policy - 3


@pytest.mark.parametrize("policy", [DEFAULT, INPUTS, RUN_ID], ids=lambda each: type(each).__name__)
def test_only_policies_can_be_added(policy: Any) -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        policy + "x"


def test_a_policy_can_be_configured() -> None:
    configured = (INPUTS - "x").configure(key_storage="keys", isolation_level="SERIALIZABLE")
    assert configured == Inputs("keys", "SERIALIZABLE", None, ["x"])
    assert configured.configure(lock_manager=1).key_storage == "keys"
    assert INPUTS.key_storage is None
    assert (DEFAULT.configure(key_storage="keys") - "x").key_storage == "keys"


@pytest.mark.parametrize(
    ("setting", "values", "spoken"),
    [
        ("key_storage", ("a", "b"), "storage locations"),
        ("isolation_level", ("SERIALIZABLE", "READ_COMMITTED"), "isolation levels"),
        ("lock_manager", (1, 2), "lock implementations"),
    ],
)
def test_settings_of_added_policies_agree(setting: str, values: Any, spoken: str) -> None:
    one, other = ({setting: value} for value in values)
    assert getattr(INPUTS.configure(**one) + RUN_ID, setting) == values[0]
    assert getattr(INPUTS + RUN_ID.configure(**one), setting) == values[0]
    assert getattr(DEFAULT + RUN_ID.configure(**one), setting) == values[0]
    with pytest.raises(ValueError, match=f"different {spoken}"):
        INPUTS.configure(**one) + RUN_ID.configure(**other)
    with pytest.raises(ValueError, match=f"different {spoken}"):
        DEFAULT.configure(**one) + RUN_ID.configure(**other)


def test_the_base_policy_has_no_keys() -> None:
    with pytest.raises(NotImplementedError):
        key(CachePolicy(), x=1)


def test_no_cache_has_no_key() -> None:
    assert key(NO_CACHE, x=1) is None
    assert key(NONE, x=1) is None


arguments = st.dictionaries(
    st.text(min_size=1, max_size=3), st.integers() | st.text() | st.lists(st.booleans()), min_size=1
)


@given(arguments)
def test_equal_arguments_have_equal_keys(given_arguments: dict[str, Any]) -> None:
    again = dict(reversed(given_arguments.items()))
    one = INPUTS.compute_key(context(), given_arguments, {})
    assert one is not None
    assert len(one) == 32
    assert INPUTS.compute_key(context(), again, {}) == one


def test_arguments_count_by_content_type_and_name() -> None:
    keys = {key(INPUTS, x=1), key(INPUTS, x=True), key(INPUTS, x="1"), key(INPUTS, y=1)}
    assert len(keys) == 4
    frame = pandas.DataFrame({"a": numpy.arange(3)})
    assert key(INPUTS, x=frame) == key(INPUTS, x=frame.copy())
    assert key(INPUTS, x=frame) != key(INPUTS, x=frame + 1)


def test_arguments_taken_out_do_not_count() -> None:
    policy = INPUTS - "debug"
    assert key(policy, x=1, debug=threading.Lock()) == key(policy, x=1) != key(policy, x=2)
    assert key(INPUTS - "x", x=1) is not None


def test_without_arguments_there_is_no_key_of_inputs() -> None:
    assert key(INPUTS) is None
    without: Any = None
    assert INPUTS.compute_key(without, without, without) is None


@pytest.mark.parametrize("policy", [INPUTS, DEFAULT, INPUTS - "other"], ids=repr)
def test_an_argument_without_content_is_named(policy: CachePolicy) -> None:
    with pytest.raises(
        ValueError, match=r"Parameter 'client' .*client\['a'\] is a '_thread\.lock'"
    ):
        key(policy, x=1, client={"a": threading.Lock()})


def test_flow_parameters_count() -> None:
    assert key(FLOW_PARAMETERS) is None
    one = key(FLOW_PARAMETERS, flow={"a": 1, "b": 2}, x=1)
    assert one == key(FLOW_PARAMETERS, flow={"b": 2, "a": 1}, x=2)
    assert one != key(FLOW_PARAMETERS, flow={"a": 1}, x=1)
    assert key(FlowParameters(), flow={"a": 1, "b": 2}) == one
    with pytest.raises(ValueError, match="The flow's parameter 'lock'"):
        key(FLOW_PARAMETERS, flow={"lock": threading.Lock()})


def test_the_run_is_the_flows_or_the_tasks_own() -> None:
    assert key(RUN_ID) == str(uuid.UUID(int=1))
    assert key(RUN_ID, context(flow_run=None)) == str(uuid.UUID(int=2))


def test_without_a_context_there_is_no_key_of_run_or_source() -> None:
    without: Any = None
    assert RUN_ID.compute_key(without, {}, {}) is None
    assert TASK_SOURCE.compute_key(without, {}, {}) is None


class Scaler:
    def __init__(self, by: int) -> None:
        self.by = by

    def scale(self, x: int) -> int:
        return x * self.by

    def __call__(self, x: int) -> int:
        return x * self.by


def wrapped(fn: Any) -> Any:
    @functools.wraps(fn)
    def wrapper(*args: Any) -> Any:
        return fn(*args)

    return wrapper


def test_source_is_the_code_of_the_task() -> None:
    assert key(TASK_SOURCE, context(double)) == key(TASK_SOURCE, context(double), x=2)
    assert key(TASK_SOURCE, context(double)) != key(TASK_SOURCE, context(triple))
    plain_function: Any = SimpleNamespace(task=double)
    assert key(TASK_SOURCE, plain_function) == key(TASK_SOURCE, context(double))


def test_source_is_also_the_code_that_is_wrapped() -> None:
    assert key(TASK_SOURCE, context(wrapped(double))) != key(TASK_SOURCE, context(wrapped(triple)))
    assert key(TASK_SOURCE, context(wrapped(double))) != key(TASK_SOURCE, context(double))


@pytest.mark.parametrize(
    "fn",
    [Scaler(2), Scaler(2).scale, functools.partial(double, 1), len],
    ids=lambda fn: type(fn).__name__,
)
def test_whatever_can_be_called_has_a_source(fn: Any) -> None:
    assert len(str(key(TASK_SOURCE, context(fn)))) == 32


def test_what_a_task_closes_over_may_be_anything() -> None:
    lock = threading.Lock()
    assert len(str(key(TASK_SOURCE, context(lambda: lock)))) == 32


@pytest.mark.parametrize("policy", [INPUTS, DEFAULT], ids=lambda each: type(each).__name__)
def test_the_object_of_a_method_is_an_argument(policy: CachePolicy) -> None:
    assert key(policy, context(Scaler(2).scale), x=1) != key(policy, context(Scaler(3).scale), x=1)
    assert key(policy, context(Scaler(2).scale), x=1) == key(policy, context(Scaler(2).scale), x=1)
    without = policy - "self"
    assert key(without, context(Scaler(2).scale), x=1) == key(
        without, context(Scaler(3).scale), x=1
    )


def test_the_arguments_of_a_partial_are_arguments() -> None:
    one, other = functools.partial(max, 1), functools.partial(max, 2)
    assert key(INPUTS, context(one), x=1) != key(INPUTS, context(other), x=1)
    assert key(INPUTS, context(one), x=1) == key(INPUTS, context(functools.partial(max, 1)), x=1)


def test_a_sum_counts_each_part_and_no_order() -> None:
    one = key(TASK_SOURCE + INPUTS, x=1)
    assert one == key(INPUTS + TASK_SOURCE, x=1)
    assert one != key(TASK_SOURCE + INPUTS, x=2)
    assert one != key(TASK_SOURCE + INPUTS, context(triple), x=1)
    assert key(RUN_ID + TASK_SOURCE) == key(TASK_SOURCE + RUN_ID)
    assert key(CompoundCachePolicy(policies=[INPUTS])) is None
    assert key(CompoundCachePolicy()) is None


def test_a_key_may_come_from_a_function() -> None:
    policy = CachePolicy.from_cache_key_fn(lambda ctx, inputs: f"{ctx.task.task_key}-{inputs['x']}")
    assert key(policy, x=1) == "double-1"
    assert key(policy + INPUTS, x=1) != key(policy + INPUTS, context(triple), x=1)
    assert policy == CacheKeyFnPolicy(cache_key_fn=policy.cache_key_fn)
    assert key(CacheKeyFnPolicy()) is None
    assert key(CacheKeyFnPolicy(cache_key_fn=lambda ctx, inputs: None) + INPUTS) is None


def test_more_keywords_reach_a_policy_of_the_users() -> None:
    @dataclass
    class Seasonal(CachePolicy):
        season: str = "spring"

        def compute_key(
            self, task_ctx: Any, inputs: Any, flow_parameters: Any, **kwargs: Any
        ) -> str | None:
            return f"{self.season}-{kwargs['year']}"

    total = Seasonal("autumn") + INPUTS
    one = total.compute_key(context(), {"x": 1}, {}, year=2020)
    assert one != total.compute_key(context(), {"x": 1}, {}, year=2021)
    assert Seasonal("autumn").configure(key_storage="a").season == "autumn"


def test_the_key_of_task_and_inputs() -> None:
    one = task_input_hash(context(), {"x": 1, "y": 2})
    assert one is not None
    assert len(one) == 32
    assert one == task_input_hash(context(flow_run=7), {"y": 2, "x": 1})
    assert one != task_input_hash(context(triple), {"x": 1, "y": 2})
    assert one != task_input_hash(context(), {"x": 1, "y": 3})
    assert task_input_hash(context(), {}) is not None


def test_task_and_inputs_without_content_have_no_key_but_the_policy_says_why() -> None:
    assert task_input_hash(context(), {"lock": threading.Lock()}) is None
    policy = CachePolicy.from_cache_key_fn(task_input_hash)
    assert key(policy, x=1) == task_input_hash(context(), {"x": 1})
    with pytest.raises(ValueError, match="Parameter 'lock' cannot be part of a cache key"):
        key(policy, lock=threading.Lock())
