"""Variables: set, overwritten only when that is wanted, listed by name, deleted."""

from __future__ import annotations

import threading

from tests.conformance.rows import NOON, variable


def test_a_variable_comes_back_as_it_was(backend):
    row = variable("地区", '{"city": "上海"}', tags='["生产"]')
    assert backend.set_variable(row, False) == row
    assert backend.variable("地区") == row
    assert backend.variable("elsewhere") is None


def test_it_is_overwritten_only_when_that_is_wanted(backend):
    first = variable(value="1")
    later = variable(value="2", tags='["a"]', created=NOON + 5, updated=NOON + 5)
    backend.set_variable(first, False)
    assert backend.set_variable(later, False) is None
    assert backend.variable("region") == first
    assert backend.set_variable(later, True) == later._replace(created=NOON)
    assert backend.variable("region") == later._replace(created=NOON)


def test_of_many_that_set_it_at_once_one_succeeds(backend):
    won = []
    begin = threading.Barrier(4)

    def take(number):
        begin.wait()
        if backend.set_variable(variable(value=str(number)), False) is not None:
            won.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = backend.variable("region")
    assert found is not None
    assert [found.value] == [str(number) for number in won]


def test_they_are_listed_by_name(backend):
    for name in ("b", "a_b", "c", "a"):
        backend.set_variable(variable(name), False)

    def names(**facts):
        return [row.name for row in backend.variables(**facts)]

    assert names() == ["a", "a_b", "b", "c"]
    assert names(limit=2) == ["a", "a_b"]
    assert names(after="a_b") == ["b", "c"]
    assert names(text="b") == ["a_b", "b"]
    assert names(text="%") == []
    assert backend.info().rows["variables"] == 4


def test_it_is_deleted_once(backend):
    backend.set_variable(variable(), False)
    assert backend.unset_variable("region")
    assert not backend.unset_variable("region")
    assert backend.variable("region") is None
    assert backend.set_variable(variable(value="2"), False) is not None
