"""Kept results: inline or in files, found again, damaged, collected."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core import clock
from noria.core.errors import (
    ConfigurationError,
    MissingResult,
    SerializationError,
    StoreError,
)
from noria.core.records import StoredValue
from noria.core.settings import Settings
from noria.filesystems import LocalFileSystem
from noria.serializers import CompressedSerializer, JSONSerializer, Serializer
from noria.values.places import Folder
from noria.values.results import ResultKeeper

LARGE = "水" * 20_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "家"


@pytest.fixture
def keeper(home: Path) -> ResultKeeper:
    return ResultKeeper(Settings(home=str(home), results_inline_limit=1_000))


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def kept(keeper: ResultKeeper, value: object, **options: Any) -> StoredValue:
    stored = keeper.keep(value, **options)
    assert stored is not None
    return stored


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@given(st.none() | st.integers() | st.text() | st.lists(st.booleans()))
def test_small_results_stand_inline(value: Any) -> None:
    keeper = ResultKeeper(Settings(home="/nowhere"))
    stored = kept(keeper, value)
    assert stored.reference is None
    assert stored.inline is not None
    assert stored.size == len(stored.inline)
    assert keeper.load(stored) == value


def test_large_results_are_files_named_by_their_content(keeper: ResultKeeper, home: Path) -> None:
    stored = kept(keeper, LARGE)
    assert stored.inline is None
    assert stored.reference is not None
    folder, name = stored.reference.split("/")
    assert (len(name), name[:2]) == (32, folder)
    assert files_of(home / "results") == [stored.reference]
    assert (home / "results" / stored.reference).stat().st_size == stored.size
    assert keeper.load(stored) == LARGE
    assert ResultKeeper(Settings(home=str(home))).load(stored) == LARGE


def test_equal_results_are_one_file(keeper: ResultKeeper, home: Path) -> None:
    first = kept(keeper, LARGE)
    path = home / "results" / str(first.reference)
    os.utime(path, (1, 1))
    assert kept(keeper, LARGE) == first
    assert len(files_of(home / "results")) == 1
    assert path.stat().st_mtime > 1


def test_a_file_cut_short_is_written_again(keeper: ResultKeeper, home: Path) -> None:
    stored = kept(keeper, LARGE)
    (home / "results" / str(stored.reference)).write_bytes(b"")
    kept(keeper, LARGE)
    assert keeper.load(stored) == LARGE


def test_more_than_the_limit_is_not_kept(keeper: ResultKeeper, home: Path) -> None:
    assert keeper.keep(LARGE, limit=1_000) is None
    assert keeper.keep(LARGE, limit=1_000, serializer="json") is None
    assert not home.exists()


def test_a_home_that_moves_takes_its_results_along(
    keeper: ResultKeeper, home: Path, tmp_path: Path
) -> None:
    stored = kept(keeper, LARGE)
    home.rename(tmp_path / "elsewhere")
    assert ResultKeeper(Settings(home=str(tmp_path / "elsewhere"))).load(stored) == LARGE


@pytest.mark.parametrize("serializer", ["json", "pickle", "compressed/json", "compressed/pickle"])
def test_serializers_by_name(keeper: ResultKeeper, serializer: str) -> None:
    value = {"a": [1, 2.5, None, "é"]}
    stored = kept(keeper, value, serializer=serializer)
    assert stored.format == serializer
    assert keeper.load(stored) == value


@pytest.mark.parametrize(
    "serializer",
    [
        JSONSerializer(dumps_kwargs={"indent": 2}),
        CompressedSerializer(serializer="json", compressionlib="bz2"),
        CompressedSerializer(serializer=CompressedSerializer(serializer="pickle")),
    ],
    ids=["options", "bz2", "twice"],
)
def test_serializers_with_options_are_found_again(
    keeper: ResultKeeper, home: Path, serializer: Serializer[Any]
) -> None:
    stored = kept(keeper, [1, 2], serializer=serializer)
    assert ResultKeeper(Settings(home=str(home))).load(stored) == [1, 2]


def test_a_plain_serializer_object_is_stored_by_its_name(keeper: ResultKeeper) -> None:
    assert kept(keeper, 1, serializer=JSONSerializer()).format == "json"


def test_the_default_serializer_is_a_setting(home: Path) -> None:
    keeper = ResultKeeper(Settings(home=str(home), results_default_serializer="json"))
    assert kept(keeper, {"a": 1}).inline == b'{"a": 1}'


def test_an_unknown_serializer_names_the_known_ones(keeper: ResultKeeper) -> None:
    with pytest.raises(ConfigurationError, match=r"'yaml'; known are .*json"):
        keeper.keep(1, serializer="yaml")


@pytest.mark.parametrize("serializer", ["pickle", "json", "compressed/json"])
def test_what_cannot_be_serialized_is_named(keeper: ResultKeeper, serializer: str) -> None:
    with pytest.raises(SerializationError, match=r"_thread\.lock"):
        keeper.keep({"client": threading.Lock()}, serializer=serializer)


def test_keys_that_json_does_not_allow_are_an_error_of_ours(keeper: ResultKeeper) -> None:
    with pytest.raises(SerializationError, match=r"'json' serializer cannot write .*tuple"):
        keeper.keep({(1, 2): 3}, serializer="json")


@pytest.mark.parametrize("form", ["text", "path", "block", "url"])
def test_a_named_folder_takes_small_results_too(
    keeper: ResultKeeper, tmp_path: Path, form: str
) -> None:
    folder = tmp_path / "mine"
    storage = {
        "text": str(folder),
        "path": folder,
        "block": LocalFileSystem(basepath=folder),
        "url": f"file://{folder}",
    }[form]
    stored = kept(keeper, 1, storage=storage)
    assert stored.reference is not None
    assert files_of(folder) == [os.path.relpath(stored.reference, folder)]
    assert keeper.load(stored) == 1


def test_a_storage_of_no_known_kind_is_refused(keeper: ResultKeeper) -> None:
    with pytest.raises(ConfigurationError, match="a path, a URL or a file system"):
        keeper.keep(1, storage=SimpleNamespace())


def test_a_url_of_no_known_scheme_is_refused(keeper: ResultKeeper) -> None:
    with pytest.raises(ConfigurationError, match="nowhere://"):
        keeper.keep(1, storage="nowhere://bucket")


def test_a_url_is_a_storage(keeper: ResultKeeper, home: Path, memory: Any) -> None:
    stored = kept(keeper, LARGE, storage="memory://bucket/结果")
    assert str(stored.reference).startswith("memory://bucket/结果/")
    assert memory.find("/bucket") == [str(stored.reference).removeprefix("memory:/")]
    assert kept(keeper, LARGE, storage="memory://bucket/结果/") == stored
    assert ResultKeeper(Settings(home=str(home))).load(stored) == LARGE


def test_a_key_names_the_file(keeper: ResultKeeper, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    stored = kept(keeper, {"a": 1}, storage=folder, key="runs/日报.json", serializer="json")
    assert (folder / "runs" / "日报.json").read_text() == '{"a": 1}'
    assert keeper.load(stored) == {"a": 1}
    again = kept(keeper, {"a": 2}, storage=folder, key="runs/日报.json", serializer="json")
    assert keeper.load(again) == {"a": 2}


def test_a_key_without_a_storage_stands_in_the_home(keeper: ResultKeeper, home: Path) -> None:
    stored = kept(keeper, 1, key="report.json", serializer="json")
    assert (home / "results" / "report.json").read_bytes() == b"1"
    assert keeper.load(stored) == 1


@pytest.mark.parametrize("key", ["../out", "/etc/out", "a/../../out", "."])
@pytest.mark.parametrize("where", ["folder", "memory://bucket"])
def test_a_key_does_not_lead_out(
    keeper: ResultKeeper, tmp_path: Path, memory: Any, key: str, where: str
) -> None:
    storage = tmp_path / "mine" if where == "folder" else where
    with pytest.raises(ConfigurationError, match="cannot be kept as"):
        keeper.keep(1, storage=storage, key=key)


def test_a_result_whose_file_is_gone(keeper: ResultKeeper, home: Path) -> None:
    stored = kept(keeper, LARGE)
    path = home / "results" / str(stored.reference)
    path.unlink()
    with pytest.raises(MissingResult, match=f"{path}, which is gone. Put the file back"):
        keeper.load(stored)


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_result_whose_file_is_damaged(keeper: ResultKeeper, home: Path, damage: str) -> None:
    stored = kept(keeper, LARGE)
    path = home / "results" / str(stored.reference)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if damage == "cut" else whole[:-1] + b"?")
    with pytest.raises(MissingResult, match=f"{path}, which is damaged"):
        keeper.load(stored)


def test_damage_is_noticed_in_a_named_place_too(keeper: ResultKeeper, memory: Any) -> None:
    stored = kept(keeper, LARGE, storage="memory://bucket")
    memory.pipe_file(str(stored.reference), b"x" * stored.size)
    with pytest.raises(MissingResult, match="damaged"):
        keeper.load(stored)


def test_a_result_that_was_not_kept(keeper: ResultKeeper) -> None:
    with pytest.raises(MissingResult, match="was not kept"):
        keeper.load(StoredValue("pickle"))


def test_a_result_whose_class_is_gone(keeper: ResultKeeper) -> None:
    with pytest.raises(MissingResult, match=r"AttributeError.*If its class was renamed or moved"):
        keeper.load(StoredValue("pickle", b"cnoria.core.clock\nGone\n."))


def test_a_result_of_a_serializer_that_is_not_imported(keeper: ResultKeeper) -> None:
    with pytest.raises(MissingResult, match="no serializer of type 'mine'"):
        keeper.load(StoredValue("mine", b"1"))


def test_a_place_that_cannot_be_written_is_named(keeper: ResultKeeper, home: Path) -> None:
    home.write_text("a file where the home should be")
    with pytest.raises(StoreError, match=r"cannot be written to .*NORIA_RESULTS_STORAGE"):
        keeper.keep(LARGE)


def test_a_failed_write_leaves_nothing_behind(
    keeper: ResultKeeper, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StoreError, match="No space left"):
        keeper.keep(LARGE)
    assert files_of(home) == []


def test_a_durable_keeper_waits_for_the_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    kept(ResultKeeper(Settings(home=str(home)), durable=True), LARGE)
    assert len(synced) == 1


LATER = 2**60
"""After every file of a test was written, microseconds."""


def test_what_nothing_refers_to_is_collected(keeper: ResultKeeper, home: Path) -> None:
    used, unused = kept(keeper, LARGE), kept(keeper, LARGE + "!")
    assert keeper.size() == used.size + unused.size
    assert keeper.collect({str(used.reference)}, LATER) == (1, unused.size)
    assert files_of(home / "results") == [used.reference]
    assert keeper.size() == used.size
    assert keeper.load(used) == LARGE
    with pytest.raises(MissingResult):
        keeper.load(unused)


def test_new_files_and_files_of_others_are_not_collected(keeper: ResultKeeper, home: Path) -> None:
    stored = kept(keeper, LARGE)
    keyed = kept(keeper, LARGE, key="ab/report.json")
    part = home / "results" / "ab" / ".part-1234"
    part.write_bytes(b"half")
    assert keeper.collect(set(), clock.now() - 3_600_000_000) == (0, 0)
    assert keeper.collect(set(), LATER) == (2, stored.size + 4)
    assert files_of(home / "results") == [keyed.reference]


def test_collecting_where_nothing_was_kept(keeper: ResultKeeper) -> None:
    assert keeper.collect(set(), LATER) == (0, 0)
    assert keeper.size() == 0


def test_a_named_default_place_is_collected_by_its_urls(home: Path, memory: Any) -> None:
    keeper = ResultKeeper(
        Settings(home=str(home), results_storage="memory://all", results_inline_limit=10)
    )
    used, unused = kept(keeper, LARGE), kept(keeper, LARGE + "!")
    assert str(used.reference).startswith("memory://all/")
    assert keeper.collect({str(used.reference)}, LATER) == (1, unused.size)
    assert keeper.load(used) == LARGE
    assert keeper.size() == used.size


def test_arrays_come_back(keeper: ResultKeeper) -> None:
    array = numpy.arange(100_000)
    assert (keeper.load(kept(keeper, array)) == array).all()


def test_many_writers_of_one_result(keeper: ResultKeeper, home: Path) -> None:
    found: list[StoredValue] = []
    threads = [threading.Thread(target=lambda: found.append(kept(keeper, LARGE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert files_of(home / "results") == [found[0].reference]


class TestDiscarding:
    """What nobody refers to any more is removed, unless somebody is just about to."""

    @pytest.fixture
    def keeper(self, tmp_path):
        return ResultKeeper(Settings(home=str(tmp_path), results_inline_limit=0))

    def aged(self, keeper, tmp_path, value="report"):
        stored = keeper.keep(value)
        path = tmp_path / "results" / stored.reference
        os.utime(path, (1000, 1000))
        return stored, path

    def test_an_old_file_goes(self, keeper, tmp_path):
        stored, path = self.aged(keeper, tmp_path)
        assert keeper.is_own(stored.reference)
        assert keeper.discard(stored.reference, 1001 * 10**6) == stored.size
        assert not path.exists()
        assert keeper.discard(stored.reference, 1001 * 10**6) == 0

    def test_a_young_file_stays(self, keeper, tmp_path):
        stored, path = self.aged(keeper, tmp_path)
        assert keeper.discard(stored.reference, 1000 * 10**6) is None
        assert path.exists()

    def test_what_is_not_named_by_its_content_stays(self, keeper, tmp_path):
        stored = keeper.keep("mine", key="aa/mine")
        elsewhere = keeper.keep("there", storage=str(tmp_path / "elsewhere"))
        for kept in (stored, elsewhere):
            assert not keeper.is_own(kept.reference)
            assert keeper.discard(kept.reference, 2**62) == 0
            keeper.load(kept)

    def test_who_renews_it_while_it_is_looked_at_gets_it_back(self, keeper, tmp_path, monkeypatch):
        stored, path = self.aged(keeper, tmp_path)
        rename = os.rename

        def renewed_before(old, new):
            assert keeper.keep("report") == stored
            rename(old, new)

        monkeypatch.setattr(os, "rename", renewed_before)
        assert keeper.discard(stored.reference, 1001 * 10**6) is None
        assert keeper.load(stored) == "report"
        assert [file.name for file in path.parent.iterdir()] == [path.name]

    def test_who_comes_too_late_to_renew_it_writes_it_anew(self, keeper, tmp_path, monkeypatch):
        stored, _ = self.aged(keeper, tmp_path)
        touch = Folder.touch

        def removed_before(folder, name):
            monkeypatch.setattr(Folder, "touch", touch)
            assert keeper.discard(stored.reference, 1001 * 10**6) == stored.size
            touch(folder, name)

        monkeypatch.setattr(Folder, "touch", removed_before)
        assert keeper.keep("report") == stored
        assert keeper.load(stored) == "report"
