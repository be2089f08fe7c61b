"""Blocks and secrets as they are printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from noria.backend.port import Backend
from noria.blocks.storage import SECRET
from noria.cli import records
from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Record
from noria.cli.text import clean
from noria.cli.timefmt import ago, iso, moment
from noria.console.wording import plural
from noria.core import clock
from noria.core.ids import to_text
from noria.core.records import BlockRow
from noria.core.redaction import MASK

PAGE = 1000


def named(backend: Backend, slug: str | None) -> Iterator[BlockRow]:
    """The blocks of a type, or all, by type and name."""
    after = None
    while page := backend.blocks(slug, after, PAGE):
        yield from page
        after = page[-1].slug, page[-1].name


def fields(row: BlockRow) -> dict[str, Any]:
    """The fields of a block, the secret ones masked."""
    plain: dict[str, Any] = records.parsed(row.data, {})
    return {**plain, **{field.field: MASK for field in row.sealed}}


def block_record(row: BlockRow) -> Record:
    """A block for programs."""
    return {
        "id": f"{row.slug}/{row.name}",
        "block_id": to_text(row.id),
        "type": row.slug,
        "name": row.name,
        "version": row.version,
        "secrets": [field.field for field in row.sealed],
        "created": iso(row.created),
        "updated": iso(row.updated),
    }


def secret_record(row: BlockRow) -> Record:
    """A secret for programs, without its value."""
    return {
        "id": row.name,
        "name": row.name,
        "version": row.version,
        "key": ",".join(sorted({field.key for field in row.sealed})),
        "created": iso(row.created),
        "updated": iso(row.updated),
    }


def block_columns(app: App) -> Sequence[Column[BlockRow]]:
    """Type, name, version, what is secret, when it was saved."""
    return (
        Column("type", "TYPE", lambda row: row.slug),
        Column("name", "NAME", lambda row: row.name),
        Column("version", "VERSION", lambda row: str(row.version), right=True),
        Column("secrets", "SECRETS", lambda row: ", ".join(block_record(row)["secrets"])),
        Column("updated", "SAVED", lambda row: when(app, row.updated)),
    )


def secret_columns(app: App) -> Sequence[Column[BlockRow]]:
    """Name, version, key, when it was set."""
    return (
        Column("name", "NAME", lambda row: row.name),
        Column("version", "VERSION", lambda row: str(row.version), right=True),
        Column("key", "KEY", lambda row: secret_record(row)["key"]),
        Column("updated", "SET", lambda row: when(app, row.updated)),
    )


def when(app: App, time: int) -> str:
    """A time as people read it."""
    return moment(time, app.utc) if app.utc else ago(time, clock.now())


def find_reference(backend: Backend, reference: str, version: int | None = None) -> BlockRow:
    """The block that TYPE/NAME means.

    Raises:
        CliError: There is none, or it is no such reference.
    """
    slug, slash, name = reference.partition("/")
    if not slash:
        raise CliError(
            Code.USAGE,
            f"{reference} does not say which type of block it is",
            "expected TYPE/NAME, such as secret/api-key",
            "list them: noria block ls",
        )
    return find_block(backend, slug, name, version)


def find_block(backend: Backend, slug: str, name: str, version: int | None = None) -> BlockRow:
    """A block by type and name.

    Raises:
        CliError: There is none; with what may have been meant.
    """
    row = backend.block(slug, name, version)
    if row is not None:
        return row
    newest = backend.block(slug, name) if version is not None else None
    what = f"secret {name}" if slug == SECRET else f"block {slug}/{name}"
    if newest is not None:
        has = f"it has the versions 1 to {newest.version}"
        raise CliError(Code.UNKNOWN_OBJECT, f"{what} has no version {version}", has)
    known = [other.name for other in named(backend, slug)]
    group = "secret" if slug == SECRET else "block"
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no {what}",
        did_you_mean(name, known) or ("" if known else f"there are none of type {slug}"),
        f"list them: noria {group} ls",
    )


def can_ask() -> bool:
    """Whether there is a person to answer."""
    return sys.stdin.isatty()


def delete(
    app: App, backend: Backend, rows: list[BlockRow], yes: bool, kind: str
) -> list[BlockRow]:
    """Delete blocks once a person is sure; those that were still there."""
    if not yes:
        if not can_ask():
            raise CliError(
                Code.CONFIRM,
                f"will not delete {plural(len(rows), kind)} without being sure",
                "there is no terminal to ask on",
                "say so with --yes",
            )
        for row in rows:
            app.note(clean(f"  {row.slug}/{row.name}  version {row.version}"))
        click.confirm(f"Delete {plural(len(rows), kind)}?", abort=True, err=True)
    return [row for row in rows if backend.delete_block(row.id)]
