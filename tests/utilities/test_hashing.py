"""Hashes of text, files and objects."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from noria.exceptions import HashError
from noria.utilities.hashing import file_hash, hash_objects, stable_hash


def test_texts_and_bytes_are_hashed_one_after_the_other() -> None:
    assert stable_hash("水", b"ab") == hashlib.md5("水ab".encode()).hexdigest()
    assert stable_hash("a", hash_algo=hashlib.sha256) == hashlib.sha256(b"a").hexdigest()


def test_a_file_is_hashed_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(str(tmp_path / "a")) == hashlib.md5(b"abc").hexdigest()


def test_objects_are_hashed_by_content_and_place() -> None:
    base = hash_objects(1, {"a": 1, "b": {2, 3}}, name="x")
    assert base == hash_objects(1, {"b": {3, 2}, "a": 1}, name="x")
    others = [
        hash_objects({"a": 1, "b": {2, 3}}, 1, name="x"),
        hash_objects(1, {"a": 1, "b": {2, 3}}, name="y"),
        hash_objects(1, {"a": 1, "b": {2, 3}}),
        hash_objects("1", {"a": 1, "b": {2, 3}}, name="x"),
        hash_objects(1, {"a": 1, "b": {2, 3}}, name="x", hash_algo=hashlib.sha256),
    ]
    assert len({base, *others}) == 6
    assert [len(str(each)) for each in (base, others[-1])] == [32, 64]


def test_an_object_without_content_has_no_hash() -> None:
    assert hash_objects(1, threading.Lock()) is None
    with pytest.raises(HashError, match=r"args\[1\] is a '_thread.lock'"):
        hash_objects(1, threading.Lock(), raise_on_failure=True)
    with pytest.raises(HashError, match=r"client is a '_thread.lock'"):
        hash_objects(client=threading.Lock(), raise_on_failure=True)
