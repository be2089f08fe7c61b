"""`noria stats`."""

from __future__ import annotations

import json

import pytest

from noria.cli.stats import change
from noria.core.states import Name, StateType
from tests.cli.rows import SECOND, batch, flow_run, group, task_run


@pytest.fixture
def calls(store):
    """Eight calls that grow slower, and one that was cached."""
    run = flow_run()
    rows = []
    for number, took in enumerate([1, 1, 1, 2, 2, 2, 4, 2], 1):
        row = task_run(run, number)
        state = StateType.FAILED if number in (6, 8) else StateType.COMPLETED
        rows.append(row._replace(end=row.start + took * SECOND, state=state))
    cached = task_run(run, 9, state_name=Name.CACHED)
    store.append(batch(run, group(run, 1, "clean"), *rows, cached))


@pytest.mark.usefixtures("calls")
class TestStats:
    def test_a_terminal_gets_figures_a_trend_and_a_histogram(self, noria):
        lines = noria("stats", "clean", tty=True).stdout.splitlines()
        assert lines[:9] == [
            "clean",
            "  calls   8, and 1 cached",
            "  failed  2, 25.0%",
            "  p50     2.00 s",
            "  p95     4.00 s",
            "  p99     4.00 s",
            "  mean    1.88 s, 1.00 s to 4.00 s",
            "  trend   slower: p50 1.00 s → 2.00 s (+100%); failures 0.0% → 50.0%",
            "          ▃▃▃▅▅▅█▅",
        ]
        assert [line.split() for line in lines[10:]] == [
            ["1.00", "s", "–", "█" * 24, "3"],
            ["2.00", "s", "–", "█" * 40, "5"],
        ]

    def test_programs_get_seconds(self, noria):
        found = json.loads(noria("stats", "clean", "--flow", "flights", "--json").stdout)
        assert found["count"] == 8
        assert found["failure_rate"] == 0.25
        assert (found["p50"], found["p95"], found["max"]) == (2.0, 4.0, 4.0)
        assert found["trend"] == {
            "p50_before": 1.0,
            "p50_after": 2.0,
            "p50_change": 1.0,
            "failure_rate_before": 0.0,
            "failure_rate_after": 0.5,
        }
        assert found["histogram"] == [
            {"from": 1.0, "below": 2.0, "count": 3},
            {"from": 2.0, "below": 5.0, "count": 5},
        ]
        assert found["first_start"] == "2026-11-18T11:06:42.000000Z"

    def test_since_leaves_older_calls_out(self, noria):
        found = noria("stats", "clean", "--since", "54s", "--json")
        assert json.loads(found.stdout)["count"] == 4

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("claen",), "did you mean clean?"),
            (("clean", "--flow", "other"), "leave --flow and --since out"),
            (("clean", "--since", "soon"), "--since soon is no time"),
        ],
    )
    def test_mistakes(self, noria, arguments, said):
        result = noria("stats", *arguments)
        assert result.exit_code in (2, 3)
        assert said in result.stderr


def test_an_empty_store_is_said_to_be_so(noria):
    assert "there are no tasks at all" in noria("stats", "clean").stderr


def test_a_task_that_has_not_begun_has_counts_only(noria, store):
    run = flow_run()
    row = task_run(run, 1, state=StateType.FAILED, start=None)
    store.append(batch(run, group(run, 1, "clean"), row))
    assert noria("stats", "clean", tty=True).stdout.splitlines() == [
        "clean",
        "  calls   1",
        "  failed  1, 100.0%",
    ]
    assert json.loads(noria("stats", "clean", "--json").stdout)["p50"] is None


def test_what_took_no_time_has_no_change():
    assert change(0, 5) is None
