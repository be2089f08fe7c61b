"""Going on with runs: after any crash, with any change of the code, from any point."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noria import flow, task
from noria.backend.port import RunFilter
from noria.core.errors import ObjectNotFound, StoreError
from noria.core.ids import to_uuid
from noria.core.states import StateType
from noria.runs import fork, plan, resume
from noria.session import open_session
from tests import worlds
from tests.worlds import Crash, World, above, edited, leaf

few = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
numbers = st.integers(1, 4)
simple = st.one_of(
    st.tuples(st.just("leaf"), numbers),
    st.tuples(st.just("loop"), numbers),
    st.tuples(st.just("map"), numbers),
    st.tuples(st.just("chain"), numbers),
    st.tuples(st.just("branch"), numbers),
)
steps = st.recursive(
    st.one_of(
        simple,
        st.tuples(st.just("futures"), numbers),
        st.tuples(st.just("nested"), numbers),
        st.tuples(st.just("failing"), numbers),
    ),
    lambda inner: st.tuples(st.just("below"), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=4,
)
programs = st.lists(steps, min_size=1, max_size=4)


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


def uncrashed(program):
    """The result of a run that nothing happens to, what it does, and its records."""
    world = World()
    with world.process():
        result = above(program)
        records = world.records()
    world.close()
    return result, Counter(world.done), records


def newest(backend):
    return backend.flow_runs(RunFilter())[0].run


def go_on(world, run, flow=above):
    with world.process():
        return resume(to_uuid(run.id), flow=flow)


@few
@given(programs, st.data())
def test_after_a_crash_at_any_record_nothing_that_is_on_record_is_done_again(program, data):
    expected, effects, records = uncrashed(program)
    # The first record is the run itself; without it there is nothing to go on with.
    point = data.draw(st.integers(1, records - 1))
    world = World()
    with pytest.raises(Crash), world.process(records=point):
        above(program)
    kept = _kept(world)
    before = Counter(world.done)
    run = newest(world.backend)
    assert run.state in (StateType.CRASHED, StateType.COMPLETED)
    if run.state is StateType.CRASHED:
        state = go_on(world, run)
        assert state.result() == expected
    again = Counter(world.done) - before
    # Done again is at most what had been done without a record of its end, or had failed.
    failed = {key for key in effects if key[0] == "failing"}
    for key, count in again.items():
        assert count <= effects[key] - min(kept[key], effects[key]) or key in failed
    for key in effects:
        assert (before + again)[key] >= effects[key]
    assert all(len(ids) <= effects[key] for key, ids in world.ids.items())
    world.close()


@few
@given(programs, st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_after_any_number_of_crashes_it_comes_to_its_end(program, points):
    expected, effects, _ = uncrashed(program)
    world = World()
    with pytest.raises(Crash), world.process(records=1):
        above(program)
    for point in points:
        run = newest(world.backend)
        if run.state is not StateType.CRASHED:
            break
        try:
            with world.process(records=point):
                resume(to_uuid(run.id), flow=above)
        except Crash:
            continue
    run = newest(world.backend)
    if run.state is StateType.CRASHED:
        assert go_on(world, run).result() == expected
    run = newest(world.backend)
    assert run.state is StateType.COMPLETED
    for one in [run, *world.backend.children(run.id)]:
        counted = Counter(
            (row.group, row.state_name or row.state.value.capitalize())
            for row in world.backend.task_runs(one.id)
            if row.epoch == one.epoch
        )
        groups = world.backend.groups(one.id)
        assert sum(sum(group.counts) for group in groups) == sum(counted.values())
    assert all(len(ids) <= effects[key] for key, ids in world.ids.items())
    world.close()


def _kept(world):
    """How many calls of each kind are on record as completed, told by their arguments' previews."""
    found: Counter[tuple[str, ...]] = Counter()
    backend = world.backend
    for summary in backend.flow_runs(RunFilter(top_level=False)):
        names = {group.number: group.name for group in backend.groups(summary.run.id)}
        for row in backend.task_runs(summary.run.id):
            if row.state is StateType.COMPLETED and row.child_run is None and row.group in names:
                found[_key(names[row.group], row.inputs)] += 1
    return found


def _key(name, inputs):
    [shown] = json.loads(inputs).values()
    values = json.loads(shown)
    return (name, *values) if isinstance(values, list) else (name, values)


@few
@given(programs, st.data())
def test_after_a_crash_in_any_call_only_unfinished_calls_are_done_again(program, data):
    expected, effects, _ = uncrashed(program)
    world = World()
    world.crash_at = data.draw(st.integers(0, sum(effects.values()) - 1))
    with pytest.raises(Crash), world.process():
        above(program)
    run = newest(world.backend)
    assert run.state is StateType.CRASHED
    world.crash_at = None
    state = go_on(world, run)
    assert state.result() == expected
    done = Counter(world.done)
    for key, count in effects.items():
        # What failed is tried again; what was interrupted was not done before.
        assert done[key] == count or key[0] == "failing"
    # The same calls are the same task runs in both executions.
    assert all(len(ids) <= effects[key] for key, ids in world.ids.items())
    world.close()


@few
@given(programs)
def test_a_run_that_fails_at_its_end_does_nothing_again(program):
    world = World()
    with world.process():
        world.crash_at = None
        assert _failing_at_its_end(program, return_state=True).is_failed()
    before = Counter(world.done)
    with pytest.raises(RuntimeError), world.process():
        resume(to_uuid(newest(world.backend).id), flow=_failing_at_its_end).result()
    again = Counter(world.done) - before
    assert {key[0] for key in again} <= {"failing"}
    world.close()


@flow
def _failing_at_its_end(program):
    for step in program:
        worlds.perform(step)
    raise RuntimeError("at the end")


@few
@given(st.lists(simple, min_size=1, max_size=5), st.lists(simple, max_size=5), st.data())
def test_edited_code_goes_on_with_all_calls_that_it_still_makes(first, added, data):
    second = data.draw(st.permutations([*first, *added]))
    second = second[: data.draw(st.integers(0, len(second)))]
    world = World()
    worlds.program[:] = [*first, ("stop", "for now")]
    with world.process(), pytest.raises(TypeError):
        edited()
    before = Counter(world.done)
    worlds.program[:] = second
    state = go_on(world, newest(world.backend), edited)
    again = Counter(world.done) - before
    fresh = World()
    with fresh.process():
        assert edited() == state.result()
    wanted = Counter(fresh.done)
    assert again == wanted - before
    fresh.close()
    world.close()


# --- what is kept and what is not -----------------------------------------------------------


def test_what_could_not_be_kept_is_done_again(world):
    program = [("leaf", 1), ("unkept", 2), ("leaf", 3)]
    world.crash_at = 2
    with pytest.raises(Crash), world.process():
        above(program)
    world.crash_at = None
    assert go_on(world, newest(world.backend)).result()[0] == 4
    assert Counter(world.done)[("unkept", 2)] == 2
    assert Counter(world.done)[("leaf", 1)] == 1


def test_results_that_are_not_to_be_kept_serve_a_resume_and_go_when_the_run_ends(world):
    brief = leaf.with_options(persist_result=False)

    @flow
    def pipeline():
        brief(1)
        return brief(2)

    world.crash_at = 1
    with pytest.raises(Crash), world.process():
        pipeline()
    run = newest(world.backend)
    rows = world.backend.task_runs(run.id)
    assert [row.result is not None for row in rows] == [True, False]
    world.crash_at = None
    assert go_on(world, run, pipeline).result() == 7
    assert Counter(world.done) == {("leaf", 1): 1, ("leaf", 2): 1}
    assert [row.result for row in world.backend.task_runs(run.id)] == [None, None]


def test_another_argument_is_another_call(world):
    value = [1]

    @flow
    def pipeline():
        leaf(value[0])
        leaf(5)
        if value[0] == 1:
            raise ValueError("not yet")
        return "done"

    with world.process(), pytest.raises(ValueError, match="not yet"):
        pipeline()
    value[0] = 2
    assert go_on(world, newest(world.backend), pipeline).result() == "done"
    assert Counter(world.done) == {("leaf", 1): 1, ("leaf", 5): 1, ("leaf", 2): 1}


def test_a_flow_that_is_tried_again_repeats_only_what_failed(world):
    attempts = []

    @task
    def flaky():
        attempts.append(1)
        if len(attempts) < 3:
            raise ConnectionError

    @flow(retries=2)
    def pipeline():
        leaf(1)
        flaky()
        return leaf(2)

    with world.process():
        assert pipeline() == 7
    assert Counter(world.done) == {("leaf", 1): 1, ("leaf", 2): 1}
    assert newest(world.backend).run_count == 3


# --- from a task on, as another run, and only on paper ---------------------------------------


def test_from_a_task_on(world):
    program = [("leaf", 1), ("chain", 2), ("leaf", 3)]
    with world.process():
        expected = above(program)
    run = newest(world.backend)
    before = Counter(world.done)
    with world.process():
        assert resume(to_uuid(run.id), flow=above, rerun_from="grow").result() == expected
    again = Counter(world.done) - before
    assert again == {key: n for key, n in before.items() if key != ("leaf", 1)}
    assert newest(world.backend).id == run.id


def test_from_a_task_that_was_never_called(world):
    with world.process():
        above([("leaf", 1)])
        run = newest(world.backend)
        with pytest.raises(ObjectNotFound, match=r"no task named 'nothing'.*leaf"):
            resume(to_uuid(run.id), flow=above, rerun_from="nothing")
        assert newest(world.backend) == run


def test_a_refused_resume_forgets_nothing(world):
    with world.process() as session:
        above([("leaf", 1)])
        run = newest(world.backend)
        alive = run._replace(
            state=StateType.RUNNING, epoch=run.epoch + 1, process=session.process, end=None
        )
        session.journal.append(alive)
        with pytest.raises(StoreError, match="living process"):
            resume(to_uuid(run.id), flow=above, rerun_from="leaf")
    assert all(row.result is not None for row in world.backend.task_runs(run.id))


def test_a_completed_run_has_nothing_to_go_on_with(world):
    with world.process():
        above([("leaf", 1)])
        with pytest.raises(StoreError, match="nothing to go on with"):
            resume(to_uuid(newest(world.backend).id), flow=above)


def test_an_unknown_run(world):
    with world.process(), pytest.raises(ObjectNotFound, match="no flow run"):
        resume("01a203ff-0e19-728a-ac10-2060869e2a26", flow=above)


def test_a_fork_is_another_run_with_the_same_results(world):
    world.crash_at = 2
    program = [("leaf", 1), ("chain", 2)]
    with pytest.raises(Crash), world.process():
        above(program)
    old = newest(world.backend)
    world.crash_at = None
    before = Counter(world.done)
    with world.process():
        state = fork(to_uuid(old.id), flow=above)
    new = newest(world.backend)
    assert new.id != old.id
    assert world.backend.flow_run(old.id) == old
    assert state.result() == [4, [2, 1, 2, 3]]
    assert not set(Counter(world.done) - before) & set(before)
    ids = [{row.id for row in world.backend.task_runs(run.id)} for run in (old, new)]
    assert ids[0].isdisjoint(ids[1])


@few
@given(programs, st.data())
def test_what_is_planned_is_what_happens(program, data):
    _, _, records = uncrashed(program)
    world = World()
    with pytest.raises(Crash), world.process(records=data.draw(st.integers(1, records - 1))):
        above(program)
    run = newest(world.backend)
    if run.state is StateType.CRASHED:
        with world.process():
            lines = plan(to_uuid(run.id)).lines
        skipped = sum(line.calls for line in lines if line.action == "skip")
        go_on(world, run)
        rows = world.backend.task_runs(run.id)
        assert sum(row.state_name == "Cached" for row in rows) == skipped
    world.close()


def test_a_plan_runs_nothing(world):
    world.crash_at = 1
    with pytest.raises(Crash), world.process():
        above([("leaf", 1), ("leaf", 2)])
    run = newest(world.backend)
    before = list(world.begun)
    with world.process():
        made = plan(to_uuid(run.id))
    assert [(line.name, line.action, line.calls) for line in made.lines] == [
        ("leaf", "skip", 1),
        ("leaf", "run", 1),
    ]
    assert world.begun == before
    assert world.backend.flow_run(run.id) == run


def test_a_sub_flow_goes_on_with_its_parent(world):
    world.crash_at = 1
    with pytest.raises(Crash), world.process():
        above([("below", [("leaf", 1), ("leaf", 2)])])
    parent = newest(world.backend)
    [child] = world.backend.children(parent.id)
    with world.process(), pytest.raises(StoreError, match="goes on with the run that called it"):
        resume(to_uuid(child.id), flow=worlds.below)
    world.crash_at = None
    assert go_on(world, parent).result() == [[4, 7]]
    [same] = world.backend.children(parent.id)
    assert (same.id, same.epoch, same.state) == (child.id, 2, StateType.COMPLETED)
    assert Counter(world.done) == {("leaf", 1): 1, ("leaf", 2): 1}


def test_going_on_by_the_flow_itself():
    attempts = []

    @flow
    def pipeline(x):
        attempts.append(x)
        if len(attempts) == 1:
            raise ValueError("once")
        return x + 1

    state = pipeline(4, return_state=True)
    run_id = state.state_details.flow_run_id
    assert pipeline.resume(run_id).result() == 5
    assert newest(open_session().backend).epoch == 2


def test_arguments_that_could_not_be_kept_are_told_of():
    @flow
    def pipeline(x):
        raise ValueError("once")

    state = pipeline((number for number in [1]), return_state=True)
    with pytest.raises(StoreError, match="arguments of flow run"):
        pipeline.resume(state.state_details.flow_run_id)
