"""Loading flows from scripts, and resuming runs of what was loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from noria import flow, task
from noria.core.errors import MissingFlowError, RunConflict, ScriptError
from noria.engine.session import open_session
from noria.loading import load_flow_from_entrypoint
from noria.runs import resume

UNGUARDED = """
from pathlib import Path
from noria import flow

Path({marks!r}).write_text("loaded")

@flow
def greet():
    Path({marks!r}).write_text("ran")
    return "hello"

greet()
Path({marks!r}).write_text("went on")

@flow
def below():
    return "never seen"
"""


def test_a_script_that_calls_its_flow_is_loaded_and_not_run(tmp_path: Path) -> None:
    script, marks = tmp_path / "unguarded.py", tmp_path / "marks"
    script.write_text(UNGUARDED.format(marks=str(marks)), encoding="utf-8")
    loaded = load_flow_from_entrypoint(f"{script}:greet")
    assert marks.read_text() == "loaded"
    assert loaded() == "hello"
    with pytest.raises(MissingFlowError, match="below"):
        load_flow_from_entrypoint(f"{script}:below")


def test_flows_that_a_file_imports_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "other_flows.py").write_text(
        "from noria import flow\n@flow\ndef imported(): return 1\n", encoding="utf-8"
    )
    main = tmp_path / "main_flows.py"
    main.write_text(
        "from noria import flow\nfrom other_flows import imported\n"
        "@flow\ndef own(): return imported()\n",
        encoding="utf-8",
    )
    assert load_flow_from_entrypoint(str(main)).name == "own"
    assert load_flow_from_entrypoint(f"{main}:imported").name == "imported"


def test_a_finished_sub_flow_stays_completed_when_its_parent_is_tried_again() -> None:
    attempts = []

    @flow
    def child() -> int:
        return 1

    @flow(retries=1)
    def parent() -> int:
        value = child()
        attempts.append(value)
        if len(attempts) == 1:
            raise ValueError("once")
        return value

    assert parent() == 1
    backend = open_session().backend
    (root,) = backend.find_flow_runs("@last")
    (row,) = backend.children(root.id)
    assert (row.state.value, row.epoch) == ("COMPLETED", 1)


def test_a_run_that_has_completed_is_not_resumed() -> None:
    @flow
    def done() -> int:
        return 1

    state = done(return_state=True)
    with pytest.raises(RunConflict, match="nothing to go on with"):
        resume(state.state_details.flow_run_id, flow=done)


def test_a_resumed_run_starts_when_its_last_execution_does() -> None:
    broken = [True]

    @task
    def step() -> int:
        if broken:
            raise ValueError("broken")
        return 1

    @flow
    def pipeline() -> int:
        return step()

    first = pipeline(return_state=True)
    backend = open_session().backend
    before = backend.flow_run(first.state_details.flow_run_id.bytes)
    broken.clear()
    assert resume(first.state_details.flow_run_id, flow=pipeline).is_completed()
    after = backend.flow_run(first.state_details.flow_run_id.bytes)
    assert before is not None
    assert after is not None
    assert after.start is not None
    assert before.end is not None
    assert after.start >= before.end


def test_a_script_that_cannot_be_read_is_told_by_its_line(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("def load(\n", encoding="utf-8")
    with pytest.raises(ScriptError) as caught:
        load_flow_from_entrypoint(f"{script}:load")
    said = f"Script at '{script}' encountered an exception: SyntaxError: "
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith("(broken.py, line 1)")


def test_a_file_that_is_not_there_is_told_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingFlowError) as caught:
        load_flow_from_entrypoint("flows/etl.py:load")
    assert str(caught.value) == f"There is no file 'flows/etl.py' in {tmp_path}."
    with pytest.raises(MissingFlowError, match=r"There is no file '/none/etl\.py'\.$"):
        load_flow_from_entrypoint("/none/etl.py:load")
