"""`noria deploy`."""

from __future__ import annotations

import json

import pytest

FLOWS = """
from noria import flow

@flow
def load(rows: int = 1): ...

@flow
def report(): ...
"""
NIGHTLY = """
deployments:
  - name: 夜间
    entrypoint: etl.py:load
    tags: [生产]
    parameters: {rows: 5}
    schedules:
      - cron: "0 2 * * *"
        timezone: Asia/Shanghai
    work_pool: {name: etl, job_variables: {env: {REGION: "{{ $REGION }}"}}}
    pull: null
  - name: weekly
    entrypoint: etl.py:report
    schedule: {interval: 3600}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("REGION", "华东")
    (folder / "etl.py").write_text(FLOWS)
    (folder / "noria.yaml").write_text(NIGHTLY)
    return folder


def steps(result, exit_code=0):
    assert result.exit_code == exit_code, result.output
    return [(step["action"], step["id"], step["fields"]) for step in json.loads(result.stdout)]


def test_a_file_is_deployed_and_then_nothing_differs(noria, store, project):
    added = [("add", "load/夜间", []), ("add", "report/weekly", [])]
    assert steps(noria("deploy", "--check", "--json"), 1) == added
    assert store.deployments() == []
    assert steps(noria("deploy", "--json")) == added
    kept = [("keep", "load/夜间", []), ("keep", "report/weekly", [])]
    assert steps(noria("deploy", "--check", "--json")) == kept
    (row,) = store.find_deployments("夜间")
    spec = json.loads(row.spec)
    assert (row.pool, spec["parameters"], spec["path"]) == ("etl", {"rows": 5}, str(project))
    assert spec["entrypoint"] == "etl.py:load"
    assert spec["job_variables"] == {"env": {"REGION": "华东"}}
    assert [each.rule for each in store.schedules(row.id)] == [
        json.dumps(
            {"kind": "cron", "cron": "0 2 * * *", "timezone": "Asia/Shanghai", "day_or": True}
        )
    ]


def test_what_has_changed_is_shown_field_by_field(noria, store, project):
    noria("deploy")
    (project / "noria.yaml").write_text(NIGHTLY.replace("rows: 5", "rows: 6"))
    result = noria("deploy", "--check", "-o", "table")
    assert result.exit_code == 1
    assert '~ change  load/夜间\n            parameters: {"rows": 5} → {"rows": 6}' in result.stdout
    assert steps(noria("deploy", "--json"))[0] == ("change", "load/夜间", ["parameters"])


def test_what_is_gone_is_removed_when_that_is_wanted(noria, store, project):
    noria("deploy")
    (project / "noria.yaml").write_text(NIGHTLY.partition("  - name: weekly")[0])
    assert len(steps(noria("deploy", "--json"))) == 1
    assert steps(noria("deploy", "--prune", "--json"))[1] == ("remove", "report/weekly", [])
    assert [row.name for row in store.deployments()] == ["夜间"]


def test_what_has_another_name_now_is_told_of(noria, store, project):
    noria("deploy")
    (project / "noria.yaml").write_text(NIGHTLY.replace("name: weekly", "name: monthly"))
    left = "report/weekly is of this folder, and not in the file: noria deploy --prune removes it."
    assert left in noria("deploy", "--check").stderr
    assert left in noria("deploy").stderr
    assert "not in the file" not in noria("deploy", "--name", "monthly").stderr
    assert "not in the file" not in noria("deploy", "--prune").stderr


def test_a_changed_schedule_is_shown_in_words(noria, store, project):
    noria("deploy")
    text = NIGHTLY.replace("0 2 * * *", "30 3 * * *").replace("3600}", "7200, active: false}")
    (project / "noria.yaml").write_text(text)
    shown = noria("deploy", "--check", tty=True).stdout
    assert "schedules: 0 2 * * * (Asia/Shanghai) → 30 3 * * * (Asia/Shanghai)\n" in shown
    assert "schedules: every 1h → every 2h (inactive)\n" in shown
    text = NIGHTLY.replace("3600}", "3600, slug: often, parameters: {}}")
    (project / "noria.yaml").write_text(text.replace("timezone:", "slug: 每晚\n        timezone:"))
    shown = noria("deploy", "--check", tty=True).stdout
    assert "→ 每晚: 0 2 * * * (Asia/Shanghai)\n" in shown
    assert "→ often: every 1h\n" in shown


def test_some_of_it(noria, store, project):
    assert len(steps(noria("deploy", "--name", "weekly", "--json"))) == 1
    assert len(steps(noria("deploy", "--all", "--json"))) == 2
    assert "leave one of them out" in noria("deploy", "--name", "weekly", "--prune").output
    assert "has no deployment 'none'" in noria("deploy", "--name", "none").output


def test_a_file_of_another_name(noria, store, project):
    (project / "noria.yaml").rename(project / "prefect.yaml")
    assert len(steps(noria("deploy", "--json"))) == 2
    (project / "prefect.yaml").rename(project / "other.yaml")
    assert "there is no noria.yaml here" in noria("deploy").output
    assert len(steps(noria("deploy", "--file", "other.yaml", "--json"))) == 2
    assert "cannot be read" in noria("deploy", "--file", "none.yaml").output


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("tags:", "tag:", "has 'tag', which is not known. Did you mean 'tags'?"),
        ("etl.py:load", "etl.py:lode", "lode"),
        ("etl.py:load", "none.py:load", "none.py"),
        ("entrypoint: etl.py:load", "version: a", "has no entrypoint"),
        ("name: 夜间", "version: a", "deployment 1 has no name"),
        ("0 2 * * *", "0 25 * * *", "the field hour may be 0-23"),
        ("timezone:", "zone:", "has 'zone', which is not known"),
        ("Asia/Shanghai", "Asia/Shangai", "Did you mean 'Asia/Shanghai'"),
        ("rows: 5", "lines: 5", "does not take: lines"),
        ("$REGION", "$NOWHERE", "the environment variable NOWHERE; it is not set"),
        ("deployments:\n", "deployments: 5\nrest:\n", "deployments is no list"),
        ("name: 夜间", "name: 2026", "name is 2026; expected a text; quotes make one of it"),
        ("entrypoint: etl.py:load", "entrypoint: [etl.py]", "entrypoint is ['etl.py']; expected"),
        ("tags: [生产]", "tags: 生产", "tags is '生产'; expected a list"),
        ("tags: [生产]", "overlap: skipp", "Did you mean 'skip'?"),
        ("tags: [生产]", "priority: high", "priority is 'high'; expected a whole number"),
        ("tags: [生产]", "priority: yes", "priority is True; expected a whole number"),
        ("tags: [生产]", "paused: 1", "paused is 1; expected true or false"),
        ("{rows: 5}", "[rows]", "parameters is ['rows']; expected names with values"),
        ('"0 2 * * *"', "5", "schedule: cron is 5; expected a text"),
        ("interval: 3600", "interval: 1h", "interval is '1h'; expected a number of seconds"),
        ("interval: 3600", "interval: -5", "Invalid interval -5: expected a positive number"),
        ("3600}", "3600, anchor_date: soon}", "anchor_date is 'soon'; expected a date and time"),
        ("{name: etl, ", "{name: 5, ", "work_pool: name is 5; expected a text"),
        (
            "work_pool: {name",
            "work_pool: etl\n    rest: {name",
            "work_pool is 'etl'; expected names",
        ),
        ("deployments:\n", "deployments: [\n", "is no YAML"),
        (
            "weekly\n    entrypoint: etl.py:report",
            "夜间\n    entrypoint: etl.py:load",
            "has two deployments 'load/夜间'",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_changed(
    noria, store, project, before, after, said
):
    assert before in NIGHTLY
    (project / "noria.yaml").write_text(NIGHTLY.replace(before, after))
    result = noria("deploy")
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output
    assert store.deployments() == []


def test_values_as_yaml_reads_them(noria, store, project):
    """A number is a version, and a date, quoted or not, is an anchor."""
    text = NIGHTLY.replace("tags: [生产]", "version: 1.2")
    for anchor in ("2026-01-01", '"2026-01-01"', "2026-01-01T00:00:00"):
        changed = text.replace("3600}", f"3600, anchor_date: {anchor}, timezone: UTC}}")
        (project / "noria.yaml").write_text(changed)
        assert noria("deploy").exit_code == 0
        (found,) = store.find_deployments("report/weekly")
        (schedule,) = store.schedules(found.id)
        assert json.loads(schedule.rule)["anchor"] == 1_767_225_600_000_000
    (found,) = store.find_deployments("load/夜间")
    assert json.loads(found.spec)["version"] == "1.2"


def test_an_empty_file(noria, store, project):
    (project / "noria.yaml").write_text("")
    assert "has no deployments" in noria("deploy").output


def test_what_happens_has_colours(noria, project):
    result = noria("deploy", "--color", "always", tty=True)
    assert "\x1b[32m+ add" in result.stdout
