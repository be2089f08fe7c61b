"""Whatever was retained in whatever order and portions: exactly the runs whose time is over go."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.backend.local import LocalBackend
from noria.core.records import FlowRunRow
from noria.core.retention import STATES, Rules
from noria.core.spans import DAY
from noria.core.states import TERMINAL_STATES, StateType
from tests.conformance.conftest import LOCATIONS
from tests.conformance.rows import NOON, batch, below, flow_run, log, task_run

KINDS = st.sampled_from(StateType)
DAYS = st.integers(0, 6)
RULES = st.fixed_dictionaries(dict.fromkeys(STATES, st.none() | DAYS.map(lambda days: days * DAY)))


class Told(NamedTuple):
    """A run: its state, how many days ago it ended, and those below it."""

    state: StateType
    ago: int
    subs: list[Told]


TREES = st.recursive(
    st.builds(Told, KINDS, DAYS, st.just([])),
    lambda inner: st.builds(Told, KINDS, DAYS, st.lists(inner, max_size=2)),
    max_leaves=4,
)
STEPS = st.lists(st.tuples(RULES, DAYS, st.integers(1, 6)), min_size=1, max_size=4)


def rows_of(told: Told, parent: FlowRunRow | None = None) -> list[FlowRunRow]:
    ended = told.state in TERMINAL_STATES
    facts = {"state": told.state, "end": NOON - told.ago * DAY if ended else None}
    row = flow_run(**facts) if parent is None else below(parent, **facts)
    return [row, *(each for sub in told.subs for each in rows_of(sub, row))]


def is_over(tree: list[FlowRunRow], rules: Rules, now: int) -> bool:
    age = rules.get(tree[0].state)
    return age is not None and all(row.end is not None and row.end <= now - age for row in tree)


def retain_all(backend: LocalBackend, rules: Rules, now: int, limit: int) -> None:
    while backend.retain(rules, now, limit).more:
        pass


@pytest.mark.parametrize("kind", LOCATIONS)
def test_exactly_the_runs_go_whose_time_is_over(kind: str, request: pytest.FixtureRequest) -> None:
    with ExitStack() as left:
        folder = Path(left.enter_context(TemporaryDirectory()))
        backend = LocalBackend(left.enter_context(LOCATIONS[kind](request, folder)))
        left.callback(backend.close)

        @settings(max_examples=40)
        @given(st.lists(TREES, max_size=4), STEPS)
        def check(told: list[Told], steps: list[tuple[Rules, int, int]]) -> None:
            trees = [rows_of(each) for each in told]
            for tree in trees:
                extra = [row for run in tree for row in (task_run(run), log(run), task_run(run))]
                backend.append(batch(*tree, *extra))
            expected = trees
            for rules, days, limit in steps:
                now = NOON + days * DAY
                expected = [tree for tree in expected if not is_over(tree, rules, now)]
                retain_all(backend, rules, now, limit)
                kept = [row.id for tree in expected for row in tree]
                found = [row.id for tree in trees for row in tree if backend.flow_run(row.id)]
                assert found == kept
                counts = backend.info().rows
                assert (counts["flow_runs"], counts["task_runs"], counts["logs"]) == (
                    len(kept), 2 * len(kept), len(kept)
                )  # fmt: skip
            for tree in trees:
                backend.delete_flow_run(tree[0].id)

        check()
