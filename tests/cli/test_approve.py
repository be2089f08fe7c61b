"""`noria runs waiting`, `approve` and `reject`: answering runs that wait."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, Field

from noria.cli.runs import answer
from noria.cli.runs.answer import read_field
from noria.core.records import PauseRow, RunInputRow
from noria.core.states import Name, StateType
from tests.cli.rows import SECOND, START, batch, flow_run, process

SCRIPT = """
from noria import flow, suspend_flow_run, task
from noria.input import RunInput
import pydantic

class Approval(RunInput):
    approved: bool
    备注: str = "无"

class Even(pydantic.BaseModel):
    rows: int

    @pydantic.field_validator("rows")
    @classmethod
    def even(cls, rows):
        if rows % 2:
            raise ValueError("rows must be even")
        return rows

@task
def work():
    return 1

@flow
def release():
    work()
    answer = suspend_flow_run(Approval.with_initial_data(description="Release it?"))
    return [answer.approved, answer.备注]

@flow
def count():
    return suspend_flow_run(wait_for_input=int)

@flow
def plain():
    suspend_flow_run()
    return "went on"

@flow
def picky():
    return suspend_flow_run(Even).rows

@flow
def outer():
    return release()
"""


@pytest.fixture
def suspended(real_noria, workplace):
    """Run a flow of the script, which suspends."""
    (workplace / "waits_under_test.py").write_text(SCRIPT, encoding="utf-8")

    def run(name):
        result = real_noria("run", f"waits_under_test.py:{name}", "-o", "name")
        assert result.exit_code == 8
        return result.stdout.strip()

    return run


@pytest.fixture
def terminal(monkeypatch):
    """There is a person to ask."""
    monkeypatch.setattr(answer, "can_ask", lambda: True)


def result_of(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["result"]


class TestApprove:
    def test_fields_are_read_as_what_is_asked_for(self, real_noria, suspended):
        suspended("release")
        given = ("-i", "approved=yes", "-i", "备注=3")
        assert result_of(real_noria("runs", "approve", "@last", *given, "--json")) == [True, "3"]

    def test_a_document_from_wherever_it_comes(self, real_noria, suspended, workplace):
        document = '{"approved": false, "备注": "好"}'
        (workplace / "answer.json").write_text(document, encoding="utf-8")
        for given, stdin in (
            (("--input", document), None),
            (("--input", "-"), document),
            (("--file", "answer.json"), None),
        ):
            suspended("release")
            done = real_noria("runs", "approve", "@last", *given, "--json", input=stdin)
            assert result_of(done) == [False, "好"]

    def test_a_single_value_needs_no_name(self, real_noria, suspended):
        for given in (
            ("--input", "4"),
            ("-i", "4"),
            ("-i", "value=4"),
            ("--input", '{"value": 4}'),
        ):
            suspended("count")
            assert result_of(real_noria("runs", "approve", "@last", *given, "--json")) == 4

    def test_what_asks_for_nothing_is_let_go_on(self, real_noria, suspended):
        suspended("plain")
        refused = real_noria("runs", "approve", "@last", "-i", "x=1")
        assert (refused.exit_code, "asks for no input" in refused.stderr) == (2, True)
        assert result_of(real_noria("runs", "approve", "@last", "--json")) == "went on"

    def test_resume_does_the_same(self, real_noria, suspended):
        suspended("plain")
        assert result_of(real_noria("runs", "resume", "@last", "--json")) == "went on"

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ((), "approved: expected true or false, found nothing"),
            (("-i", "approved=perhaps"), "approved: expected true or false, found 'perhaps'"),
            (("-i", "aproved=yes"), "did you mean approved?"),
            (("-i", "approved"), "expected field=value"),
            (("--input", "[1]"), "found [1]"),
            (("--input", "{"), "is no JSON"),
            (("--file", "nowhere.json"), "cannot be read"),
            (("--input", "{}", "--file", "x"), "exclude each other"),
            (("--key", "9"), "it waits at suspended-1"),
        ],
    )
    def test_a_wrong_answer_is_refused_and_the_run_waits_on(
        self, real_noria, suspended, given, said
    ):
        suspended("release")
        result = real_noria("runs", "approve", "@last", *given)
        assert result.exit_code in (2, 3)
        assert said in result.stderr
        (waits,) = json.loads(real_noria("runs", "waiting", "--json").stdout)
        assert (waits["key"], waits["description"]) == ("suspended-1", "Release it?")

    def test_what_only_the_model_can_judge_is_asked_again(self, real_noria, suspended):
        run_id = suspended("picky")
        assert real_noria("runs", "approve", run_id, "-i", "rows=1").exit_code == 8
        (waits,) = json.loads(real_noria("runs", "waiting", "--json").stdout)
        assert waits["fault"] == "rows: rows must be even"
        shown = real_noria("runs", "show", run_id, "-o", "table").stdout
        assert "the last answer was not accepted: rows: rows must be even" in shown
        assert result_of(real_noria("runs", "approve", run_id, "-i", "rows=2", "--json")) == 2

    def test_a_sub_flow_is_answered_by_either_name(self, real_noria, suspended):
        outer = suspended("outer")
        (waits,) = json.loads(real_noria("runs", "waiting", "--json").stdout)
        assert waits["root_run_id"] == outer
        done = real_noria("runs", "approve", waits["id"], "-i", "approved=no", "--json")
        assert result_of(done) == [False, "无"]

    def test_a_person_is_asked_field_by_field_until_it_fits(self, real_noria, suspended, terminal):
        suspended("release")
        done = real_noria("runs", "approve", "@last", "--json", input="\nperhaps\ny\n\n")
        assert result_of(done) == [True, "无"]
        assert "Release it?" in done.stderr
        assert "approved (true or false): " in done.stderr
        assert "expected true or false, found 'perhaps'" in done.stderr
        assert "备注 (a text) ['无']: " in done.stderr

    def test_what_does_not_wait_is_not_answered(self, real_noria, suspended):
        suspended("plain")
        real_noria("runs", "approve", "@last")
        for command in ("approve", "reject"):
            result = real_noria("runs", command, "@last")
            assert result.exit_code == 6
            assert "does not wait for anybody" in result.stderr
            assert "it is Completed" in result.stderr


def test_a_rejected_run_is_cancelled_with_the_reason(real_noria, suspended):
    run_id = suspended("outer")
    done = real_noria("runs", "reject", run_id, "--reason", "太贵", "-o", "json")
    assert done.exit_code == 0
    shown = json.loads(real_noria("runs", "show", run_id, "--json").stdout)
    assert (shown["state_name"], shown["state_message"]) == ("Cancelled", "rejected: 太贵")
    assert [each["state_name"] for each in shown["subflows"]] == ["Cancelled"]


class Order(BaseModel):
    rows: int = Field(description="How many")


class TestWaiting:
    @pytest.fixture
    def waits(self, store):
        here = process()
        store.register_process(here)
        run = flow_run(state=StateType.PAUSED, name="brave-otter", process=None, end=None)
        store.append(batch(run._replace(state_name=Name.SUSPENDED)))
        row = PauseRow(
            run.id, "suspended-1", Name.SUSPENDED, START, START + 3600 * SECOND,
            True, False, None, None, None, None,
        )  # fmt: skip
        schema = json.dumps(Order.model_json_schema())
        asked = [RunInputRow(b"\1" * 16, run.id, "suspended-1-schema", schema, None, START)]
        store.begin_pause(row, asked)
        return run

    def test_a_table(self, noria, waits):
        lines = noria("runs", "waiting", tty=True).stdout.splitlines()
        assert lines[0].split() == [
            "ID", "STATE", "RUN", "FLOW", "SINCE", "LEFT", "WAITS", "FOR"
        ]  # fmt: skip
        assert "Suspended  brave-otter" in lines[1]
        assert "1m ago" in lines[1]
        assert "rows: an integer" in lines[1]

    def test_nothing(self, noria):
        result = noria("runs", "waiting", tty=True)
        assert (result.stdout, result.stderr) == ("", "Nothing waits.\n")

    def test_show(self, noria, waits):
        shown = noria("runs", "show", "brave-otter", tty=True).stdout
        assert "waits for  an answer\n  rows: an integer\n  since 1m ago, for another" in shown
        assert "noria runs approve brave-otter" in shown


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("yes", {"type": "boolean"}, True),
        ("否", {"type": "boolean"}, False),
        ("yes", {"type": "string"}, "yes"),
        ("3", {"type": "integer"}, 3),
        ("3", {"type": "string"}, "3"),
        ("3", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "3"),
        ("null", {"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ("2026-11-22", {"type": "string", "format": "date"}, "2026-11-22"),
        ('["a"]', {"type": "array"}, ["a"]),
        ("红", {"enum": ["红", "蓝"], "type": "string"}, "红"),
        ("maybe", {"type": "boolean"}, "maybe"),
        ("1", {}, 1),
        ("a b", {}, "a b"),
    ],
)
def test_a_text_is_read_as_what_a_field_takes(text, schema, value):
    assert read_field(text, schema, {}) == value
