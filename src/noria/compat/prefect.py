"""`import prefect` for programs written for Prefect: Noria's modules under that name.

Importing this module puts a finder before all others. It answers every import of `prefect` or of
something below it with the Noria module of the same name, the same object: what is patched under
one name is patched under the other. `MODULES` is the whole of it.

Example:
    >>> import noria.compat.prefect
    >>> from prefect import flow, task
    >>> flow.__module__
    'noria.flows'
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

ALIAS = "prefect"
OWN = "noria"

MODULES: dict[str, str] = {
    "": "",
    ".artifacts": ".artifacts",
    ".blocks": ".blocks",
    ".blocks.abstract": ".blocks.abstract",
    ".blocks.core": ".blocks.core",
    ".blocks.fields": ".blocks.fields",
    ".blocks.notifications": ".blocks.notifications",
    ".blocks.system": ".blocks.system",
    ".blocks.webhook": ".blocks.webhook",
    ".cache_policies": ".cache_policies",
    ".client": ".client",
    ".client.schemas": ".client.schemas",
    ".client.schemas.actions": ".client.schemas.actions",
    ".client.schemas.objects": ".client.schemas.objects",
    ".client.schemas.schedules": ".client.schemas.schedules",
    ".concurrency": ".concurrency",
    ".concurrency.asyncio": ".concurrency.asyncio",
    ".concurrency.sync": ".concurrency.sync",
    ".context": ".context",
    ".deployments": ".deployments",
    ".deployments.base": ".deployments.base",
    ".deployments.deployments": ".deployments.base",
    ".deployments.flow_runs": ".deployments.flow_runs",
    ".deployments.runner": ".deployments.runner",
    ".exceptions": ".exceptions",
    ".filesystems": ".filesystems",
    ".flow_engine": ".flow_engine",
    ".flow_runs": ".flow_runs",
    ".flows": ".flows",
    ".futures": ".futures",
    ".input": ".input",
    ".input.actions": ".input.actions",
    ".input.run_input": ".input.run_input",
    ".locking": ".locking",
    ".locking.filesystem": ".locking.filesystem",
    ".locking.memory": ".locking.memory",
    ".locking.protocol": ".locking.protocol",
    ".logging": ".logging",
    ".logging.loggers": ".logging.loggers",
    ".main": ".main",
    ".orion": ".client",
    ".orion.schemas": ".client.schemas",
    ".orion.schemas.schedules": ".client.schemas.schedules",
    ".results": ".results",
    ".runtime": ".runtime",
    ".runtime.deployment": ".runtime.deployment",
    ".runtime.flow_run": ".runtime.flow_run",
    ".runtime.task_run": ".runtime.task_run",
    ".schedules": ".schedules",
    ".serializers": ".serializers",
    ".server": ".client",
    ".server.schemas": ".client.schemas",
    ".server.schemas.schedules": ".client.schemas.schedules",
    ".settings": ".settings",
    ".states": ".states",
    ".task_engine": ".task_engine",
    ".task_runners": ".task_runners",
    ".tasks": ".tasks",
    ".testing": ".testing",
    ".testing.utilities": ".testing.utilities",
    ".transactions": ".transactions",
    ".types": ".types",
    ".types.entrypoint": ".types.entrypoint",
    ".utilities": ".utilities",
    ".utilities.annotations": ".utilities.annotations",
    ".utilities.callables": ".utilities.callables",
    ".utilities.collections": ".utilities.collections",
    ".utilities.hashing": ".utilities.hashing",
    ".variables": ".variables",
}
"""Name below `prefect` -> name below `noria`."""


class AliasFinder(importlib.abc.MetaPathFinder):
    """Finds the modules of `MODULES` under the alias."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of an aliased module; None for names that are none of ours.

        Raises:
            ModuleNotFoundError: The name is below `prefect`, and Noria does not offer it.
        """
        if fullname != ALIAS and not fullname.startswith(ALIAS + "."):
            return None
        own = MODULES.get(fullname[len(ALIAS) :])
        if own is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: Noria does not offer it under the name of Prefect.",
                name=fullname,
            )
        return importlib.machinery.ModuleSpec(fullname, _AliasLoader(OWN + own))


class _AliasLoader(importlib.abc.Loader):
    """Gives the Noria module itself, without making another."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._spec: Any = None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._own)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put the alias's spec on the module; it is Noria's all the same.
        module.__spec__ = self._spec


def activate() -> None:
    """Put the finder in place; importing this module does."""
    if not any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, AliasFinder())


activate()
