"""Under which name the things of a script are known, whoever loads it.

What a script defines has the module name `__main__` while the script runs, and another one when its
flow is loaded from the file again, to resume. Digests and pickles made in one must mean the same in
the other, so both ask here.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

_MAINS = frozenset({"__main__", "__mp_main__"})
_stand_ins: dict[str, ModuleType] = {}


def stand_in_for_main(module: ModuleType) -> None:
    """Let `module`, loaded from a script's file, stand for the `__main__` that the script was."""
    _stand_ins[module.__name__] = module


def lasting_name(module_name: str) -> str:
    """The name of a module that is the same in every process that loads its code.

    For a script that is the name of its file without suffix, for `python -m` that of its module.
    """
    if module_name in _MAINS:
        return _script_name(sys.modules.get(module_name), module_name)
    if module_name in _stand_ins:
        return _script_name(_stand_ins[module_name], module_name)
    return module_name


def script_names() -> frozenset[str]:
    """The module names by which what the script defined may have been written down."""
    return _MAINS | {lasting_name("__main__")}


def is_script(module_name: str) -> bool:
    """Whether a module is the script that runs, or stands for it."""
    return module_name in _MAINS or module_name in _stand_ins


def script_modules() -> frozenset[str]:
    """The names of modules that are the script that runs, or stand for it."""
    return _MAINS | frozenset(_stand_ins)


def find_in_scripts(module_name: str, qualified_name: str) -> Any:
    """What the script defined under a dotted name, in this process or loaded from its file.

    Raises:
        AttributeError: No script here defines it.
    """
    # Where a script stands in, `__main__` is a program of ours, whose names mean something else.
    named = None if module_name in _MAINS else sys.modules.get(module_name)
    for module in (named, *reversed(_stand_ins.values()), sys.modules.get("__main__")):
        found: Any = module
        try:
            for part in qualified_name.split("."):
                found = getattr(found, part)
        except AttributeError:
            continue
        return found
    raise AttributeError(f"no script that is loaded here defines {qualified_name!r}")


def main_is_a_file() -> bool:
    """Whether `__main__` can be loaded again: a notebook or `python -c` cannot."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return path is not None and os.path.isfile(path)


def _script_name(module: ModuleType | None, fallback: str) -> str:
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.name not in _MAINS and fallback in _MAINS:
        return str(spec.name)
    path = getattr(module, "__file__", None)
    return os.path.splitext(os.path.basename(path))[0] if path else fallback
