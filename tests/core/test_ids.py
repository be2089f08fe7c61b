"""Ids: sortable, 16 bytes inside, a UUID outside."""

import uuid

import pytest

from noria.core import ids


def test_ids_are_sortable_and_unique():
    made = [ids.new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert made == sorted(made)


def test_an_id_is_a_uuid_of_version_7():
    raw = ids.new_id()
    assert len(raw) == 16
    assert ids.to_uuid(raw).version == 7
    assert ids.to_uuid(raw).bytes == raw


def test_every_spelling_is_read():
    raw = ids.new_id()
    for spelled in (ids.to_text(raw), raw.hex(), raw.hex().upper()):
        assert ids.from_text(spelled) == raw


def test_the_spelling_is_the_usual_one():
    assert ids.to_text(uuid.UUID(int=1).bytes) == "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize("wrong", ["", "abc", "z" * 32])
def test_what_is_no_id_is_refused(wrong):
    with pytest.raises(ValueError, match=f"^{wrong!r} is not an id; expected a UUID"):
        ids.from_text(wrong)
