"""The table of transitions says what its theory says."""

import pathlib
import runpy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from noria.core import transitions
from noria.core.states import TERMINAL_STATES, StateType
from noria.core.transitions import Actor, ForbiddenTransition, RunKind, check, following, table

LIVE = [kind for kind in StateType if kind not in TERMINAL_STATES]
OPENERS = {Actor.RESUME, Actor.RETRY}
kinds = pytest.mark.parametrize("kind", list(RunKind))


@kinds
def test_an_end_is_left_only_by_resume_or_retry(kind):
    for (before, after), actors in table(kind).items():
        if before in TERMINAL_STATES and before is not after:
            assert actors <= OPENERS, (before, after)


@kinds
def test_a_resume_and_a_retry_never_begin_or_cancel_a_run(kind):
    for (before, after), actors in table(kind).items():
        if actors & OPENERS:
            assert before is not None
            assert after not in {StateType.CANCELLED, StateType.CANCELLING, StateType.CRASHED}


@kinds
def test_a_retry_never_leaves_success_of_a_flow_run(kind):
    if kind is RunKind.FLOW:
        assert following(StateType.COMPLETED, Actor.RETRY, kind) == []
        assert following(StateType.CANCELLED, Actor.RETRY, kind) == []


@kinds
def test_only_the_engine_says_that_a_run_completed_or_failed(kind):
    for (before, after), actors in table(kind).items():
        if before not in TERMINAL_STATES and after is StateType.COMPLETED:
            assert actors == {Actor.ENGINE}
        if after is StateType.FAILED and before is StateType.RUNNING:
            # A worker ends the process of a run that does not heed its timeout.
            assert actors - {Actor.REAPER} == {Actor.ENGINE}
        elif after is StateType.FAILED and before is not StateType.PAUSED:
            assert actors == {Actor.ENGINE}


@kinds
def test_every_live_state_can_be_lost(kind):
    reachable = {after for _, after in table(kind)}
    for before in set(LIVE) & reachable:
        assert {Actor.ENGINE, Actor.REAPER} <= table(kind)[before, StateType.CRASHED]


def test_every_live_flow_run_can_be_cancelled_by_a_person():
    for before in LIVE:
        assert StateType.CANCELLING in following(before, Actor.PERSON)


def test_cancelling_ends_cancelled_or_crashed():
    assert set(following(StateType.CANCELLING)) == {
        StateType.CANCELLED,
        StateType.CRASHED,
        StateType.CANCELLING,
    }


def test_a_person_cannot_say_that_running_work_has_stopped():
    assert not transitions.is_allowed(StateType.RUNNING, StateType.CANCELLED, Actor.PERSON)


def test_the_reaper_only_ends_runs():
    for kind in RunKind:
        for (_, after), actors in table(kind).items():
            if Actor.REAPER in actors:
                assert after in TERMINAL_STATES


@kinds
def test_every_state_that_can_be_entered_can_be_left_and_reaches_an_end(kind):
    entered = {after for _, after in table(kind)}
    for start in entered:
        seen, waiting = {start}, [start]
        while waiting:
            for after in following(waiting.pop(), kind=kind):
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        assert seen & TERMINAL_STATES


@kinds
def test_no_rule_repeats_another(kind):
    claims = [
        (before, rule_.after, actor)
        for rule_ in transitions.RULES[kind]
        for before in rule_.before
        for actor in rule_.actors
    ]
    assert len(claims) == len(set(claims))


def test_task_runs_know_neither_person_nor_scheduler():
    for actors in table(RunKind.TASK).values():
        assert not actors & {Actor.PERSON, Actor.SCHEDULER}


def test_a_forbidden_transition_says_what_would_be_possible():
    with pytest.raises(ForbiddenTransition) as caught:
        check(StateType.RUNNING, StateType.CANCELLED, Actor.PERSON)
    assert str(caught.value) == (
        "A flow run that is Running cannot become Cancelled by the person. "
        "From here the person can make it Paused or Cancelling."
    )


def test_a_forbidden_transition_of_an_ended_run_says_so():
    with pytest.raises(ForbiddenTransition) as caught:
        check(StateType.COMPLETED, StateType.RUNNING, Actor.ENGINE, RunKind.TASK)
    assert str(caught.value) == (
        "A task run that is Completed cannot become Running by the engine: it has ended. "
        "From here the engine can make it Completed."
    )


def test_a_run_cannot_begin_at_its_end():
    with pytest.raises(ForbiddenTransition, match="A new flow run cannot become Failed"):
        check(None, StateType.FAILED, Actor.ENGINE)


def test_what_the_table_holds_passes():
    for kind in RunKind:
        for (before, after), actors in table(kind).items():
            for actor in actors:
                check(before, after, actor, kind)


class Life(RuleBasedStateMachine):
    """Any hands move a flow run, in any order; what they agree on must hold all along."""

    def __init__(self):
        super().__init__()
        self.state = None
        self.epochs = 0
        self.wish = False

    @rule(actor=st.sampled_from(list(Actor)), data=st.data())
    def move(self, actor, data):
        after = data.draw(st.sampled_from(list(StateType)))
        before = self.state
        try:
            check(before, after, actor)
        except ForbiddenTransition:
            return
        if before in TERMINAL_STATES:
            assert actor in OPENERS
            self.epochs += 1
            self.wish = False
        self.wish = self.wish or after is StateType.CANCELLING
        self.state = after

    @precondition(lambda self: self.state in TERMINAL_STATES)
    @rule(actor=st.sampled_from([each for each in Actor if each not in OPENERS]))
    def an_end_holds(self, actor):
        assert following(self.state, actor) == []

    @invariant()
    def a_wish_to_cancel_is_never_lost(self):
        if self.wish:
            assert self.state in {
                StateType.CANCELLING,
                StateType.CANCELLED,
                StateType.CRASHED,
            }


TestLife = Life.TestCase
TestLife.settings = settings(derandomize=True, deadline=None, max_examples=60)


def test_the_documentation_is_up_to_date():
    page = pathlib.Path(__file__).parents[2] / "docs" / "states.md"
    assert page.read_text(encoding="utf-8") == transitions.page(), (
        "docs/states.md is stale; write it anew: python -m noria.core.transitions > docs/states.md"
    )


@pytest.mark.filterwarnings("ignore:'noria.core.transitions' found in sys.modules")
def test_the_module_prints_the_page(capsys):
    # By its path: pytest loads packages that have plugins in a way of its own.
    runpy.run_path(transitions.__file__, run_name="__main__")
    assert capsys.readouterr().out == transitions.page()


@kinds
def test_the_diagram_shows_every_transition(kind):
    lines = transitions.diagram(kind).splitlines()
    assert lines[0] == "stateDiagram-v2"
    shown = [line for line in lines if ": " in line]
    assert len(shown) == len(table(kind))
    assert "    [*] --> Pending: engine" in shown
