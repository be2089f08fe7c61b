"""`noria var`."""

from __future__ import annotations

import json

from noria.cli.var import rm
from tests.conformance.rows import variable


def test_set_reads_json_where_it_is_json(noria, store):
    for name, given, value in (
        ("a", "3", 3),
        ("b", "[1, true, null]", [1, True, None]),
        ("c", "华东", "华东"),
        ("d", '"3"', "3"),
    ):
        assert noria("var", "set", name, given).exit_code == 0
        assert json.loads(store.variable(name).value) == value


def test_set_takes_text_when_it_is_told_to(noria, store):
    noria("var", "set", "a", "007", "--text", "--tag", "x", "--tag", "y")
    row = store.variable("a")
    assert (row.value, row.tags) == ('"007"', '["x", "y"]')


def test_set_reads_stdin(noria, store):
    noria("var", "set", "a", "-", input='{"k": 1}\n')
    assert store.variable("a").value == '{"k": 1}'


def test_set_prints_what_was_set(noria):
    result = noria("var", "set", "a", "3", "-o", "json")
    (document,) = json.loads(result.stdout)
    assert document == {
        "id": "a",
        "name": "a",
        "value": 3,
        "tags": [],
        "created": "2026-11-18T11:07:40.000000Z",
        "updated": "2026-11-18T11:07:40.000000Z",
    }


def test_set_replaces_only_when_it_is_told_to(noria, store):
    noria("var", "set", "a", "1")
    result = noria("var", "set", "a", "2")
    assert result.exit_code == 6
    assert result.stderr.splitlines() == [
        "error[N020]: variable a already exists",
        "  it was left as it is",
        "  replace it with --overwrite",
    ]
    assert noria("var", "set", "a", "2", "--overwrite").exit_code == 0
    assert store.variable("a").value == "2"


def test_set_refuses_what_cannot_be_a_name_or_value(noria):
    result = noria("var", "set", "My Var", "1")
    assert result.exit_code == 2
    assert "Variable name 'My Var' must only contain" in result.stderr
    result = noria("var", "set", "a", "NaN")
    assert result.exit_code == 2
    assert "Variable 'a' cannot hold nan\n  expected what JSON knows" in result.stderr


def test_get_prints_the_bare_value(noria, store):
    store.set_variable(variable("a", '"x y"'), False)
    store.set_variable(variable("b", '{"城": 1}'), False)
    assert noria("var", "get", "a").stdout == "x y\n"
    assert noria("var", "get", "b", tty=True).stdout == '{"城": 1}\n'
    assert json.loads(noria("var", "get", "b", "-o", "json").stdout)["value"] == {"城": 1}


def test_get_shows_a_terminal_nothing_that_moves_it(noria, store):
    store.set_variable(variable("a", json.dumps("two\nlines\x1b[2J")), False)
    assert noria("var", "get", "a", tty=True).stdout == "two\nlines\\x1b[2J\n"


def test_get_of_an_unknown_one_names_the_nearest(noria, store):
    result = noria("var", "get", "regoin")
    assert result.exit_code == 3
    assert "there are no variables at all" in result.stderr
    store.set_variable(variable("region"), False)
    result = noria("var", "get", "regoin")
    assert result.stderr.splitlines() == [
        "error[N017]: there is no variable regoin",
        "  did you mean region?",
        "  list them: noria var ls",
    ]


def test_ls_lists_them_by_name(noria, store):
    for name in ("b", "a", "ab"):
        store.set_variable(variable(name, tags='["生产"]'), False)
    lines = noria("var", "ls", tty=True, COLUMNS="60").stdout.splitlines()
    assert lines[0].split() == ["NAME", "VALUE", "TAGS", "SET"]
    assert [line.split()[:3] for line in lines[1:]] == [
        ["a", "emea", "生产"],
        ["ab", "emea", "生产"],
        ["b", "emea", "生产"],
    ]
    assert noria("var", "ls", "b", "-o", "name").stdout == "ab\nb\n"
    assert noria("var", "ls", "z", tty=True).stderr == "No variables match.\n"


def test_rm_asks_first(noria, store, monkeypatch):
    store.set_variable(variable("a"), False)
    assert noria("var", "rm", "a").exit_code == 2
    monkeypatch.setattr(rm, "can_ask", lambda: True)
    assert noria("var", "rm", "a", tty=True, input="n\n").exit_code == 130
    assert store.variable("a") is not None
    result = noria("var", "rm", "a", tty=True, input="y\n")
    assert "Delete 1 variable?" in result.stderr
    assert store.variable("a") is None


def test_rm_deletes_all_or_none(noria, store):
    store.set_variable(variable("a"), False)
    assert noria("var", "rm", "a", "b", "--yes").exit_code == 3
    assert store.variable("a") is not None
    store.set_variable(variable("b"), False)
    assert noria("var", "rm", "a", "b", "a", "-y", "-o", "name").stdout == "a\nb\n"
    assert store.variables() == []
