"""A folder as a file system."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from noria.filesystems import LocalFileSystem


def test_what_was_written_is_read(tmp_path: Path) -> None:
    files = LocalFileSystem(basepath=tmp_path)
    assert files.write_path("a/文件.txt", b"hello") == str(tmp_path / "a" / "文件.txt")
    assert files.read_path("a/文件.txt") == b"hello"
    assert files.read_path(str(tmp_path / "a" / "文件.txt")) == b"hello"
    files.write_path("a/文件.txt", b"again")
    assert files.read_path("a/文件.txt") == b"again"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["文件.txt"]


def test_it_can_be_awaited(tmp_path: Path) -> None:
    async def there_and_back() -> bytes:
        files = LocalFileSystem(basepath=str(tmp_path))
        await files.awrite_path("a", b"hello")
        return await files.aread_path("a")

    assert asyncio.run(there_and_back()) == b"hello"


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("nothing", "There is no file"),
        ("folder", "is a folder"),
        ("../out", "outside of"),
        ("/etc/passwd", "outside of"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, path: str, complaint: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=complaint):
        LocalFileSystem(basepath=tmp_path).read_path(path)


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside of"):
        LocalFileSystem(basepath=tmp_path / "in").write_path("../out", b"")
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_it_is_the_folder_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LocalFileSystem()
    monkeypatch.chdir(tmp_path)
    assert files.write_path("a", b"") == str(tmp_path / "a")


def test_file_systems_are_equal_by_their_path() -> None:
    assert LocalFileSystem(basepath="a") == LocalFileSystem(basepath=Path("a"))
    assert LocalFileSystem(basepath="a") != LocalFileSystem(basepath="b")
    assert repr(LocalFileSystem(basepath="a")) == "LocalFileSystem(basepath='a')"
