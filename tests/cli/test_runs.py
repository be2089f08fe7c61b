"""`noria runs`: what the commands print, and what they do."""

from __future__ import annotations

import csv
import io
import json

import pytest

from noria.core.ids import to_text
from noria.core.states import Name, StateType
from tests.cli.rows import (
    BOOM,
    SECOND,
    START,
    batch,
    counts,
    flow_run,
    group,
    log,
    process,
    run_id,
    task_run,
)


@pytest.fixture
def three(store):
    """Three runs: a completed one, a failed one, and a crashed one that another one called."""
    first = flow_run(1, tags='["prod"]')
    second = flow_run(2, flow_name="report", state=StateType.FAILED, error=BOOM)
    child = flow_run(3, state=StateType.CRASHED, parent_run=second.id, root_run=second.id)
    store.append(
        batch(
            first,
            second,
            child,
            group(first, 1, "extract", counts=counts(completed=2, cached=1)),
            group(second, 1, "load", counts=counts(completed=1, failed=2)),
        )
    )
    return first, second, child


def ids(result):
    return result.stdout.split()


LISTED = """\
ID             STATE        RUN            FLOW     STARTED    TOOK  TASKS
01a1ee56-65d0  ■ Failed     brave-otter-2  report   58s ago  10.0 s  1/3, 2 failed
01a1ee56-61e8  ✓ Completed  brave-otter-1  flights  59s ago  10.0 s  3
"""


@pytest.mark.usefixtures("three")
class TestLs:
    def test_a_terminal_gets_a_table(self, noria):
        assert noria("runs", "ls", tty=True).stdout == LISTED

    def test_a_pipe_gets_tabs_full_ids_and_no_heading(self, noria):
        result = noria("runs", "ls")
        assert result.stderr == ""
        assert result.stdout.splitlines()[1].split("\t") == [
            to_text(run_id(1)),
            "Completed",
            "brave-otter-1",
            "flights",
            "2026-11-18T11:06:41.000000Z",
            "10.0",
            "3",
        ]

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ([], [2, 1]),
            (["--all"], [3, 2, 1]),
            (["--state", "failed"], [2]),
            (["--all", "--state", "Failed, CRASHED"], [3, 2]),
            (["--flow", "flights"], [1]),
            (["--tag", "prod"], [1]),
            (["--tag", "prod", "--tag", "nyc"], []),
            (["--since", "58s"], [2]),
            (["--since", "2026-11-18T11:06:42", "--utc"], [2]),
            (["--limit", "1"], [2]),
        ],
    )
    def test_filters(self, noria, arguments, expected):
        result = noria("runs", "ls", "-o", "name", *arguments)
        assert ids(result) == [to_text(run_id(number)) for number in expected]

    def test_json_is_one_document(self, noria):
        second, first = json.loads(noria("runs", "ls", "--json").stdout)
        assert first["tags"] == ["prod"]
        assert first["task_counts"]["cached"] == 1
        assert second["error"]["frame"] == "flights.py:41 in clean"
        assert second["state_type"] == "FAILED"

    def test_jsonl_is_a_document_a_line(self, noria):
        lines = noria("runs", "ls", "-o", "jsonl").stdout.splitlines()
        assert [json.loads(line)["name"] for line in lines] == ["brave-otter-2", "brave-otter-1"]

    def test_csv_has_a_heading(self, noria):
        rows = list(csv.DictReader(io.StringIO(noria("runs", "ls", "-o", "csv").stdout)))
        assert [row["task_count"] for row in rows] == ["3", "3"]

    def test_a_table_may_be_asked_for_in_a_pipe(self, noria):
        assert noria("runs", "ls", "-o", "table").stdout == LISTED

    def test_a_narrow_terminal_cuts_names(self, noria):
        lines = noria("runs", "ls", tty=True, COLUMNS="79").stdout.splitlines()
        assert max(map(len, lines)) <= 79
        assert "brave-o" in lines[1]
        assert "…" in lines[1]

    def test_colours_may_be_asked_for(self, noria):
        result = noria("runs", "ls", "-o", "table", "--color", "always", NO_COLOR="")
        assert "\x1b[31m\x1b[1m■ Failed\x1b[0m" in result.stdout

    def test_the_limit_is_mentioned_where_a_person_reads(self, noria):
        result = noria("runs", "ls", "--limit", "1", tty=True)
        assert result.stderr == "The newest 1; --limit 5 shows more.\n"

    def test_a_state_that_is_none_is_answered_with_the_near_one(self, noria):
        result = noria("runs", "ls", "--state", "faild")
        assert result.exit_code == 2
        assert result.stderr.splitlines()[:2] == [
            "error[N002]: there is no state faild",
            "  did you mean failed?",
        ]

    def test_a_time_that_is_none_is_refused(self, noria):
        result = noria("runs", "ls", "--since", "tuesday")
        assert result.exit_code == 2
        assert result.stderr.startswith("error[N002]: --since tuesday is no time\n")


def test_an_empty_store_says_how_to_start(noria):
    result = noria("runs", "ls", tty=True)
    assert (result.stdout, result.exit_code) == ("", 0)
    assert result.stderr == "No runs yet. Start one: noria run FILE\n"


def test_an_empty_list_is_still_json(noria):
    assert json.loads(noria("runs", "ls", "--json").stdout) == []


def test_nothing_in_a_name_breaks_a_line(noria, store):
    store.append(batch(flow_run(name="two\nlines\tand \x1b[31mred")))
    assert noria("runs", "ls").stdout.count("\n") == 1
    assert "\x1b" not in noria("runs", "ls", tty=True).stdout
    assert json.loads(noria("runs", "ls", "--json").stdout)[0]["name"].startswith("two\nlines")


def test_a_run_without_a_process_is_shown_as_crashed(noria, store):
    gone = process()
    store.register_process(gone)
    store.append(batch(flow_run(state=StateType.RUNNING, end=None, process=gone.id)))
    (shown,) = json.loads(noria("runs", "ls", "--json").stdout)
    assert shown["state_name"] == "Crashed"
    assert shown["state_message"]


@pytest.mark.usefixtures("three")
class TestReferences:
    @pytest.mark.parametrize(
        "reference",
        [to_text(run_id(2)), to_text(run_id(2))[:13], "brave-otter-2", run_id(2).hex()],
    )
    def test_a_run_is_named_by_id_beginning_or_name(self, noria, reference):
        assert ids(noria("runs", "show", reference, "-o", "name")) == [to_text(run_id(2))]

    def test_last_is_the_newest(self, noria):
        assert noria("runs", "show", "@last", "-o", "name").exit_code == 0

    def test_what_a_listing_prints_the_next_command_takes(self, noria):
        table = noria("runs", "ls", "--all", tty=True).stdout.splitlines()[1:]
        for line in table:
            assert noria("runs", "show", line.split()[0], "-o", "name").exit_code == 0

    def test_several_runs_are_listed_for_choice(self, noria):
        result = noria("runs", "show", "01a1ee56")
        assert result.exit_code == 3
        lines = result.stderr.splitlines()
        assert lines[0] == "error[N011]: 01a1ee56 names more than one run"
        assert lines[1] == "  01a1ee56-69b8  brave-otter-3  flights  Crashed, 57s ago"
        assert lines[-1] == "  name one by its id"

    def test_an_unknown_run_is_answered_with_the_near_one(self, noria):
        result = noria("runs", "show", "brave-oter-2")
        assert result.exit_code == 3
        assert result.stderr.splitlines()[0] == "error[N010]: there is no run brave-oter-2"
        assert "brave-otter-2" in result.stderr.splitlines()[1]

    def test_runs_of_the_same_millisecond_get_longer_ids(self, noria, store):
        twin = run_id(2)[:10] + b"\x00" * 6
        store.append(batch(flow_run(2, id=twin, root_run=twin)))
        shown = [line.split()[0] for line in noria("runs", "ls", tty=True).stdout.splitlines()[1:]]
        assert len(set(shown)) == 3
        for short in shown:
            assert noria("runs", "show", short, "-o", "name").exit_code == 0


def test_an_unknown_run_in_an_empty_store_names_the_store(noria):
    result = noria("runs", "show", "@last")
    assert result.exit_code == 3
    assert "there are no runs at all" in result.stderr
    assert "NORIA_HOME" in result.stderr


class TestShow:
    def test_the_document_holds_groups_failures_and_sub_flows(self, noria, store, three):
        _, second, child = three
        store.append(batch(task_run(second, 1, state=StateType.FAILED, error=BOOM)))
        document = json.loads(noria("runs", "show", second.name, "--json").stdout)
        assert document["task_count"] == 3
        assert document["groups"][0]["task_counts"]["failed"] == 2
        assert document["failures"][0]["error"]["message"] == "bad row 17"
        assert document["failures"][0]["task_name"] == "load"
        assert [run["id"] for run in document["subflows"]] == [to_text(child.id)]

    def test_the_tree_is_for_people(self, noria, three):
        result = noria("runs", "show", three[0].name, tty=True)
        assert result.stdout.startswith("✓ brave-otter-1  Completed after 10.0 s\n")

    def test_a_pipe_gets_the_tree_too(self, noria, three):
        shown = noria("runs", "show", three[0].name).stdout
        assert shown == noria("runs", "show", three[0].name, "-o", "table").stdout
        assert shown.startswith("✓ brave-otter-1  Completed after 10.0 s\n")

    def test_csv_has_the_groups(self, noria, three):
        line = noria("runs", "show", three[0].name, "-o", "csv").stdout.splitlines()[1]
        assert line.split(",")[:5] == ["1", "", "extract", "call", "flights.py:10 in flights"]

    def test_the_traceback_of_the_run(self, noria, three):
        result = noria("runs", "show", three[1].name, "--traceback")
        assert (
            result.stdout == "Traceback (most recent call last):\n  ...\nValueError: bad row 17\n"
        )

    def test_the_traceback_of_a_task_where_the_flow_has_borne_it(self, noria, store, three):
        store.append(batch(task_run(three[0], 1, state=StateType.FAILED, error=BOOM)))
        result = noria("runs", "show", three[0].name, "--traceback", tty=True)
        assert result.stdout.splitlines()[-1] == "ValueError: bad row 17"

    def test_no_traceback_where_nothing_was_raised(self, noria, three):
        result = noria("runs", "show", three[0].name, "--traceback")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "Nothing of it has raised.\n"

    @pytest.mark.parametrize("other", ["--tasks", "--json"])
    def test_a_traceback_is_a_text(self, noria, three, other):
        result = noria("runs", "show", three[1].name, "--traceback", other)
        assert result.exit_code == 2
        assert "--traceback prints a text" in result.stderr

    def test_single_tasks(self, noria, store, three):
        run = three[0]
        store.append(
            batch(
                task_run(run, 1, cpu=1_500_000, peak_memory=2),
                task_run(run, 2, state_name=Name.CACHED, message="as in execution 1"),
                task_run(run, 3, state=StateType.FAILED, error=BOOM, run_count=2),
            )
        )
        tasks = json.loads(noria("runs", "show", run.name, "--tasks", "--json").stdout)
        assert [task["name"] for task in tasks] == ["extract-001", "extract-002", "extract-003"]
        assert (tasks[0]["cpu_time"], tasks[0]["peak_memory"]) == (1.5, 2048)
        failed = noria("runs", "show", run.name, "--tasks", "--state", "failed", tty=True).stdout
        assert " ".join(failed.splitlines()[1].split()) == (
            "■ Failed extract-003 2 1.00 s ValueError: bad row 17 (flights.py:41 in clean)"
        )

    def test_all_pages_of_tasks_are_listed(self, noria, store, three, monkeypatch):
        monkeypatch.setattr("noria.cli.runs.show.PAGE", 2)
        store.append(batch(*[task_run(three[0], number) for number in range(5)]))
        result = noria("runs", "show", three[0].name, "--tasks", "-o", "name")
        assert len(ids(result)) == 5

    def test_state_without_tasks_is_refused(self, noria, three):
        assert noria("runs", "show", three[0].name, "--state", "failed").exit_code == 2


class TestLogs:
    @pytest.fixture
    def run(self, store):
        run = flow_run()
        task = task_run(run, 1)
        child = flow_run(2, name="child", parent_run=run.id, root_run=run.id)
        extra = json.dumps({"rows": 3, "exc_text": "Traceback:\n  boom"})
        store.append(
            batch(
                run,
                child,
                task,
                group(run, 1, "extract"),
                log(run, "begins"),
                log(run, "城市 read", task_run=task.id, level=30, time=START + 2 * SECOND),
                log(run, "broke", task_run=task.id, level=40, extra=extra),
                log(child, "below"),
            )
        )
        return run

    def messages(self, result):
        return [json.loads(line)["message"] for line in result.stdout.splitlines()]

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ([], ["begins", "城市 read", "broke", "below"]),
            (["--level", "warning"], ["城市 read", "broke"]),
            (["--level", "40"], ["broke"]),
            (["--task", "extract"], ["城市 read", "broke"]),
            (["--task", "extract-001"], ["城市 read", "broke"]),
            (["--grep", "城市"], ["城市 read"]),
            (["--task", "extract", "--grep", "below"], []),
            (["--where", "rows=3"], ["broke"]),
            (["--where", "rows>2", "--where", "exc_text~BOOM", "--level", "error"], ["broke"]),
            (["--where", "rows>3"], []),
        ],
    )
    def test_filters(self, noria, run, arguments, expected):
        result = noria("runs", "logs", run.name, "-o", "jsonl", *arguments)
        assert self.messages(result) == expected

    def test_what_is_no_condition_is_refused(self, noria, run):
        result = noria("runs", "logs", run.name, "--where", "rows")
        assert result.exit_code == 2
        assert result.stderr.startswith("error[N002]: --where rows is no condition")

    def test_a_task_run_may_be_named_by_its_id(self, noria, run):
        task = to_text(task_run(run, 1).id)
        result = noria("runs", "logs", run.name, "-o", "jsonl", "--task", task)
        assert self.messages(result) == ["城市 read", "broke"]

    def test_people_read_what_the_console_shows(self, noria, run):
        result = noria("runs", "logs", run.name, "--utc", "--level", "warning", tty=True)
        assert result.stdout == (
            "11:06:42.000 | WARNING | extract-001 | 城市 read\n"
            "11:06:41.000 | ERROR   | extract-001 | broke  rows=3\n"
            "             Traceback:\n"
            "               boom\n"
        )

    def test_a_pipe_gets_tabs(self, noria, run):
        assert noria("runs", "logs", run.name, "--task", "extract").stdout.splitlines()[0] == (
            "2026-11-18T11:06:42.000000Z\tWARNING\textract-001\tnoria.flow_runs\t城市 read"
        )

    def test_all_pages_are_read(self, noria, run, monkeypatch):
        monkeypatch.setattr("noria.cli.runs.logs.PAGE", 1)
        assert len(self.messages(noria("runs", "logs", run.name, "-o", "jsonl"))) == 4

    def test_a_misspelt_task_is_no_empty_log(self, noria, run):
        result = noria("runs", "logs", run.name, "--task", "extrakt")
        assert result.exit_code == 3
        assert result.stderr.splitlines()[1] == "  did you mean extract?"

    def test_a_level_that_is_none_is_refused(self, noria, run):
        result = noria("runs", "logs", run.name, "--level", "wanring")
        assert result.exit_code == 2
        assert "did you mean warning?" in result.stderr

    def test_following_ends_with_the_run_and_misses_nothing(self, noria, store, stopped):
        run = flow_run(state=StateType.RUNNING, end=None)
        store.append(batch(run, log(run, "first")))
        later = [
            batch(log(run, "second")),
            batch(run._replace(state=StateType.COMPLETED, end=START), log(run, "last")),
        ]
        stopped.on_sleep = lambda: store.append(later.pop(0)) if later else None
        result = noria("runs", "logs", run.name, "-f", "-o", "jsonl")
        assert self.messages(result) == ["first", "second", "last"]


class TestCancel:
    def test_a_run_without_a_process_is_cancelled_at_once(self, noria, store):
        store.append(batch(flow_run(state=StateType.SCHEDULED, start=None, end=None)))
        result = noria("runs", "cancel", "@last", "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)[0]["state_type"] == "CANCELLED"

    def test_one_that_has_ended_stays_as_it_is(self, noria, three):
        result = noria("runs", "cancel", three[0].name, three[0].name)
        assert result.exit_code == 6
        assert result.stdout.splitlines() == [
            f"{to_text(three[0].id)}\tCompleted\tbrave-otter-1\tflights"
        ]
        assert result.stderr.startswith("error[N020]: cannot cancel brave-otter-1\n")

    def test_no_run_is_wrong_usage(self, noria):
        assert noria("runs", "cancel").exit_code == 2


class TestRm:
    def test_without_a_terminal_it_needs_yes(self, noria, store, three):
        result = noria("runs", "rm", three[0].name)
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1] == "  say so with --yes"
        assert store.flow_run(three[0].id)

    def test_it_deletes_the_run_and_those_below(self, noria, store, three):
        _, second, child = three
        result = noria("runs", "rm", second.name, "--yes", "-o", "name")
        assert ids(result) == [to_text(second.id)]
        assert store.flow_run(second.id) is None
        assert store.flow_run(child.id) is None

    @pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, False), ("n\n", 130, True)])
    def test_on_a_terminal_it_asks(self, noria, store, three, monkeypatch, answer, code, left):
        monkeypatch.setattr("noria.cli.runs.rm.can_ask", lambda: True)
        result = noria("runs", "rm", three[0].name, input=answer)
        assert result.exit_code == code
        assert "Delete 1 run and all below?" in result.stderr
        assert (store.flow_run(three[0].id) is not None) is left

    def test_a_running_run_is_not_deleted(self, noria, store):
        alive = process(lease=3600 * SECOND)
        store.register_process(alive)
        store.append(batch(flow_run(state=StateType.RUNNING, end=None, process=alive.id)))
        result = noria("runs", "rm", "@last", "--yes")
        assert result.exit_code == 6
        assert "cancel first" in result.stderr
