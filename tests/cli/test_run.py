"""`noria run`: a user's file becomes a recorded run and an exit code."""

from __future__ import annotations

import json

import pytest

from noria.backend.port import RunFilter

SCRIPT = """
from datetime import date
from noria import flow, task
from noria.states import Cancelled
from neighbour_of_the_script import double

@task
def twice(x):
    if x == 13:
        raise ValueError(f"坏行 {x}")
    return double(x)

@flow
def etl(n: int = 2, day: date = date(2013, 1, 1), city: str = "上海"):
    print("working")
    return {"n": twice(n), "day": day.isoformat(), "city": city}

@flow
async def later(n: int = 1):
    return n

@flow
def stopped():
    return Cancelled(message="enough")

@flow
def numbers():
    yield 1

@flow
def broken_numbers():
    yield 1
    raise ValueError("no more")

@flow
async def later_numbers():
    yield 1

@flow
def leaving():
    raise SystemExit(5)

@flow
def large():
    return object()
"""


@pytest.fixture
def folder(workplace):
    """A folder with a script and its neighbour."""
    folder = workplace / "项目"
    folder.mkdir()
    (folder / "script_under_test.py").write_text(SCRIPT, encoding="utf-8")
    (folder / "neighbour_of_the_script.py").write_text("def double(x): return 2 * x\n")
    return folder


@pytest.fixture
def run(real_noria, folder):
    def call(target, *arguments, input=None):
        return real_noria("run", target, *arguments, input=input)

    return call


def recorded(store):
    return [(s.run.flow_name, s.run.state.value) for s in store.flow_runs(RunFilter())]


def test_a_flow_runs_and_stdout_is_its_own(run, store):
    result = run("项目/script_under_test.py:etl", "-p", "n=3")
    assert (result.exit_code, result.stdout) == (0, "working\n")
    assert recorded(store) == [("etl", "COMPLETED")]


def test_a_format_keeps_stdout_for_the_data(run):
    result = run(
        "项目/script_under_test.py:etl",
        "-p",
        "n=3",
        "-p",
        "day=2013-02-03",
        "-p",
        "city=100",
        "--json",
    )
    document = json.loads(result.stdout)
    assert document["result"] == {"n": 6, "day": "2013-02-03", "city": "100"}
    assert document["state_name"] == "Completed"
    assert "working" in result.stderr


def test_parameters_come_from_stdin(run):
    result = run("项目/script_under_test.py:etl", "--params", "-", "-o", "json", input='{"n": 4}')
    assert json.loads(result.stdout)["result"]["n"] == 8


def test_the_id_may_be_all_that_is_printed(run, store):
    result = run("项目/script_under_test.py:etl", "-o", "name")
    assert len(store.find_flow_runs(result.stdout.strip())) == 1


def test_a_failure_shows_the_users_lines_once(run, store):
    result = run("项目/script_under_test.py:etl", "-p", "n=13")
    assert result.exit_code == 1
    assert result.stderr.count("ValueError: 坏行 13") == 1
    frames = [line for line in result.stderr.splitlines() if line.startswith("  File ")]
    assert frames
    assert all("script_under_test.py" in frame for frame in frames)
    assert recorded(store) == [("etl", "FAILED")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("later", 0),
        ("stopped", 8),
        ("numbers", 0),
        ("broken_numbers", 1),
        ("later_numbers", 0),
        ("leaving", 5),
    ],
)
def test_each_kind_of_flow_ends_with_its_code(run, name, code):
    assert run(f"项目/script_under_test.py:{name}").exit_code == code


def test_a_result_that_json_cannot_say_has_a_preview(run):
    document = json.loads(run("项目/script_under_test.py:large", "--json").stdout)
    assert document["result"] is None
    assert "object" in document["result_preview"]


def test_a_module_is_found_from_the_current_folder(run, folder, monkeypatch):
    monkeypatch.chdir(folder)
    result = run("script_under_test:later", "-p", "n=7", "-o", "json")
    assert json.loads(result.stdout)["result"] == 7


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["-p", "m=1"], ["error[N003]: etl has no parameter m", "  it takes n, day, city"]),
        (
            ["-p", "n=many"],
            ["error[N003]: Flow 'etl' parameter 'n': expected int, found 'many' (str)"],
        ),
    ],
)
def test_wrong_parameters_are_no_failed_run(run, store, arguments, lines):
    result = run("项目/script_under_test.py:etl", *arguments)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == lines
    assert recorded(store) == []


@pytest.mark.parametrize(
    ("target", "code", "lines"),
    [
        (
            "项目/script_under_tes.py",
            3,
            [
                "error[N013]: there is no file 项目/script_under_tes.py",
                "  did you mean script_under_test.py?",
            ],
        ),
        ("项目", 3, ["error[N013]: 项目 is a folder", "  expected a file that holds a flow"]),
        ("nowhere.at_all:f", 3, ["error[N013]: there is no file and no module nowhere.at_all"]),
        ("项目/neighbour_of_the_script.py", 3, ["error[N014]: No flows found in"]),
        ("项目/script_under_test.py:elt", 3, ["error[N014]: Flow 'elt' not found in"]),
        ("项目/script_under_test.py", 2, ["error[N015]: Found 8 flows in"]),
    ],
)
def test_what_cannot_be_found_is_named(run, target, code, lines):
    result = run(target)
    assert result.exit_code == code
    for shown, expected in zip(result.stderr.splitlines(), lines, strict=False):
        assert shown.startswith(expected)


def test_a_script_that_raises_shows_its_own_lines(run, folder):
    (folder / "broken_script.py").write_text("import no_such_library\n")
    result = run("项目/broken_script.py")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('broken_script.py", line 1, in <module>')
    assert lines[-3].startswith("error[N016]: ")
    assert lines[-2] == "  ModuleNotFoundError: No module named 'no_such_library'"


def test_a_syntax_error_shows_the_line(run, folder):
    (folder / "broken_script.py").write_text("def f(:\n")
    result = run("项目/broken_script.py")
    assert result.exit_code == 1
    assert "    def f(:" in result.stderr.splitlines()
