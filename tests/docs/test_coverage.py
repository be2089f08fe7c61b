"""What users can name, set or type is told of in the documents, and what these name is there."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from noria.cli.main import cli
from noria.core.settings import Settings
from tests.docs.blocks import DOCUMENTS, ROOT, blocks_of, code_of, commands_of, prose_of

MODULES = (
    "noria",
    "noria.artifacts",
    "noria.deployments",
    "noria.circuit_breaker",
    "noria.concurrency",
    "noria.flows",
    "noria.flow_runs",
    "noria.futures",
    "noria.locking.filesystem",
    "noria.locking.memory",
    "noria.locking.protocol",
    "noria.logging",
    "noria.logging.structlog",
    "noria.monitoring",
    "noria.privacy",
    "noria.runs",
    "noria.schedules",
    "noria.settings",
    "noria.states",
    "noria.task_runners",
    "noria.tasks",
    "noria.testing",
    "noria.transactions",
    "noria.variables",
)
FOR_USERS = [
    document
    for document in DOCUMENTS
    if document.parent.name == "docs" or document.name.startswith("README")
]
VARIABLES = {f"NORIA_{field.upper()}" for field in Settings._fields}


def _name(document: Path) -> str:
    return str(document.relative_to(ROOT))


@cache
def _code() -> str:
    return "\n".join(code_of(document) for document in FOR_USERS)


def _public_names(module_name: str) -> Iterator[str]:
    module = importlib.import_module(module_name)
    if hasattr(module, "__all__"):
        yield from module.__all__
        return
    for name, value in vars(module).items():
        if not name.startswith("_") and callable(value) and value.__module__ == module_name:
            yield name


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_told_of(module: str) -> None:
    untold = set(_public_names(module)) - set(re.findall(r"\w+", _code()))
    assert not untold, f"no document tells of {', '.join(sorted(untold))} in {module}"


def test_every_setting_is_told_of() -> None:
    assert set(re.findall(r"NORIA_[A-Z_]+", _code())) >= VARIABLES
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(NORIA_[A-Z_]+)`", settings)) >= VARIABLES


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_no_setting_is_made_up(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(re.findall(r"NORIA_[A-Z][A-Z_]*[A-Z]", text)) <= VARIABLES


def _commands(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


@pytest.mark.parametrize("command", sorted(_commands(cli, "noria")))
def test_every_command_is_told_of(command: str) -> None:
    assert re.search(rf"\b{command}\b", _code()), f"no document tells of `{command}`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_shown_commands_are_ones_that_noria_takes(document: Path) -> None:
    for line in commands_of(document):
        if not line.startswith("noria "):
            continue
        arguments = shlex.split(line)[1:]
        command: click.Command = cli
        context = click.Context(cli, info_name="noria")
        while isinstance(command, click.Group):
            found = command.get_command(context, arguments[0])
            assert found is not None, f"{line}: there is no command {arguments[0]!r}"
            command, arguments = found, arguments[1:]
        command.make_parser(click.Context(command)).parse_args(arguments)


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(document)):
        path, _, anchor = unquote(target).partition("#")
        if "://" in path:
            continue
        file = document if not path else document.parent / path
        assert file.exists(), f"{_name(document)} links to {target}, which is not there"
        assert not anchor or anchor in _anchors(file), f"{target} has no such heading"


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_that_blocks_are_of_known_kinds() -> None:
    kinds = {block.info for document in FOR_USERS for block in blocks_of(document)}
    assert kinds <= {
        "python",
        "python no-run",
        "python test",
        "text",
        "console",
        "sh",
        "mermaid",
        "toml",
        "yaml",
        "",
    }
