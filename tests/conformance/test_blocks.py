"""Blocks: saved in versions, found by name, sealed anew all at once or not at all."""

from __future__ import annotations

import threading

import pytest

from noria.core.errors import RetiredKey
from noria.core.records import BlockRow, SealedField
from tests.conformance.rows import NOON, new_id


def block(name="db", slug="warehouse", version=1, *, id=None, data='{"host": "上海"}', key="k1"):
    id = id or new_id()
    sealed = (SealedField(id, version, "password", key, b"\x01box" + bytes([version])),)
    return BlockRow(id, slug, name, version, NOON, NOON + version, data, sealed if key else ())


def test_a_block_comes_back_as_it_was(backend):
    row = block()
    assert backend.save_block(row)
    assert backend.block("warehouse", "db") == row
    assert backend.block_by_id(row.id) == row
    assert backend.block("warehouse", "other") is None
    assert backend.block("other", "db") is None
    assert backend.block_by_id(new_id()) is None


def test_versions_are_kept(backend):
    first = block()
    second = block(version=2, id=first.id, data="{}")
    assert backend.save_block(first)
    assert backend.save_block(second)
    assert backend.block("warehouse", "db") == second
    assert backend.block("warehouse", "db", 1) == first
    assert backend.block_by_id(first.id, 1) == first
    assert backend.block("warehouse", "db", 3) is None
    assert backend.block_versions(first.id) == [first, second]


def test_a_version_is_saved_once(backend):
    first = block()
    assert backend.save_block(first)
    assert not backend.save_block(block())
    assert not backend.save_block(block(version=3, id=first.id))
    assert backend.save_block(block(version=2, id=first.id))
    assert not backend.save_block(block(version=2, id=first.id, data='{"x": 1}'))
    assert backend.block("warehouse", "db").data == '{"host": "上海"}'


def test_of_many_that_save_at_once_one_succeeds(backend):
    won = []
    begin = threading.Barrier(4)

    def take():
        begin.wait()
        row = block()
        if backend.save_block(row):
            won.append(row)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [backend.block("warehouse", "db")] == won


def test_they_are_listed_by_type_and_name(backend):
    for slug, name in (("b", "x"), ("a", "z"), ("a", "y"), ("c", "x")):
        row = block(name, slug)
        backend.save_block(row)
        backend.save_block(block(name, slug, 2, id=row.id))

    def names(*where):
        return [f"{row.slug}/{row.name}@{row.version}" for row in backend.blocks(*where)]

    assert names() == ["a/y@2", "a/z@2", "b/x@2", "c/x@2"]
    assert names("a") == ["a/y@2", "a/z@2"]
    assert names(None, ("a", "z"), 1) == ["b/x@2"]
    assert names("a", ("a", "y")) == ["a/z@2"]
    assert backend.info().rows["blocks"] == 4


def test_it_is_deleted_with_all_that_is_sealed(backend):
    row = block()
    backend.save_block(row)
    backend.save_block(block(version=2, id=row.id))
    assert backend.delete_block(row.id)
    assert not backend.delete_block(row.id)
    assert backend.block_versions(row.id) == []
    assert backend.sealed_fields() == []
    assert backend.save_block(block())


class TestResealing:
    @pytest.fixture
    def rows(self, backend):
        first = block()
        rows = [first, block(version=2, id=first.id), block("other"), block("plain", key=None)]
        for row in rows:
            backend.save_block(row)
        return rows

    def test_everything_is_sealed_anew(self, backend, rows):
        before = backend.sealed_fields()
        after = [field._replace(key="k2", box=b"new" + field.box) for field in before]
        assert len(before) == 3
        assert backend.sealing_keys() == ["k1"]
        assert backend.reseal(before, after)
        assert backend.sealed_fields() == after
        assert backend.sealing_keys() == ["k2"]
        assert backend.block("warehouse", "db", 1).sealed[0].box == b"new\x01box\x01"

    def test_nothing_is_when_something_has_changed(self, backend, rows):
        before = backend.sealed_fields()
        backend.save_block(block("late"))
        assert not backend.reseal(before, [each._replace(key="k2") for each in before])
        assert backend.sealing_keys() == ["k1"]
        assert not backend.reseal(before[:1], before[:1])

    def test_a_key_that_was_given_up_seals_nothing_any_more(self, backend, rows):
        before = backend.sealed_fields()
        assert backend.reseal(before, [each._replace(key="k2") for each in before])
        with pytest.raises(RetiredKey, match="k1 was given up"):
            backend.save_block(block("late"))
        assert backend.block("warehouse", "late") is None
        assert backend.save_block(block("late", key="k2"))

    def test_unless_it_is_taken_back(self, backend, rows):
        before = backend.sealed_fields()
        later = [each._replace(key="k2") for each in before]
        assert backend.reseal(before, later)
        assert backend.reseal(later, before)
        assert backend.save_block(block("late"))
