"""Loading flows from files and modules by name."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from noria.core.errors import LoadingEnds, MissingFlowError, ScriptError, UnspecifiedFlowError
from noria.core.functions import source_file
from noria.engine.context import being_loaded
from noria.values.scripts import stand_in_for_main


def load_flow_from_entrypoint(entrypoint: str, use_placeholder_flow: bool = True) -> Any:
    """The flow that an entrypoint names.

    Parameters:
        entrypoint: `path/to/file.py:name`, `module:name` or `package.module.name`; the name may
            be left out when there is one flow, and is the function's or the flow's.
        use_placeholder_flow: Accepted for compatibility.

    Returns:
        The `Flow`.

    Raises:
        MissingFlowError: There is no such file, module or flow.
        UnspecifiedFlowError: There are several flows and none was named.
        ScriptError: The code raised while it was loaded.
    """
    target, name = _split(entrypoint)
    if target.endswith(".py") or os.sep in target:
        namespace = _run_file(target)
    else:
        namespace, name = _import(target, name)
    if name is not None:
        found: Any = namespace.get(name.split(".")[0])
        for part in name.split(".")[1:]:
            found = getattr(found, part, None)
        if _is_flow(found):
            return found
    flows = {id(value): value for value in namespace.values() if _is_flow(value)}
    own = [flow for flow in flows.values() if _is_written_in(flow, namespace)]
    # Flows that the file imports count only when it has none of its own, or is asked for them.
    choice = own if own and name is None else flows.values()
    return select_flow(choice, name, f"in {target!r}")


def select_flow(
    flows: Iterable[Any], flow_name: str | None = None, from_message: str | None = None
) -> Any:
    """The one flow, or the one of that name.

    Raises:
        MissingFlowError: There is none, or none of that name.
        UnspecifiedFlowError: There are several and no name was given.
    """
    by_name = {flow.name: flow for flow in flows}
    for flow in list(by_name.values()):
        by_name.setdefault(getattr(flow.fn, "__qualname__", flow.name), flow)
    where = f" {from_message}" if from_message else ""
    if not by_name:
        raise MissingFlowError(f"No flows found{where}.")
    names = ", ".join(sorted({repr(flow.name) for flow in by_name.values()}))
    if flow_name:
        if flow_name not in by_name:
            raise MissingFlowError(f"Flow {flow_name!r} not found{where}. Found flows: {names}")
        return by_name[flow_name]
    distinct = {id(flow): flow for flow in by_name.values()}
    if len(distinct) > 1:
        raise UnspecifiedFlowError(
            f"Found {len(distinct)} flows{where}: {names}. Specify a flow name to select one."
        )
    return next(iter(distinct.values()))


def _split(entrypoint: str) -> tuple[str, str | None]:
    """Target and name; a colon may also belong to a Windows drive."""
    head, colon, tail = entrypoint.rpartition(":")
    if colon and len(head) > 1:
        return head, tail or None
    return entrypoint, None


def _is_written_in(flow: Any, namespace: dict[str, Any]) -> bool:
    file = namespace.get("__file__")
    return file is not None and source_file(flow.fn) == os.path.abspath(file)


def _is_flow(value: Any) -> bool:
    return getattr(value, "kind", None) == "flow" and hasattr(value, "execute")


def _import(target: str, name: str | None) -> tuple[dict[str, Any], str | None]:
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return vars(importlib.import_module(target)), name
    except ModuleNotFoundError as exc:
        parent, _, attribute = target.rpartition(".")
        if name is None and parent and exc.name == target:
            return _import(parent, attribute)
        if exc.name is not None and (target == exc.name or target.startswith(exc.name + ".")):
            raise MissingFlowError(
                f"There is no module named {target!r}. Give a file (path/to/file.py:flow) or a "
                "module that can be imported from here."
            ) from None
        raise ScriptError(exc, target) from exc
    except Exception as exc:
        raise ScriptError(exc, target) from exc


def _run_file(path: str) -> dict[str, Any]:
    """Execute a file under a name of its own, so that `if __name__ == "__main__"` stays asleep."""
    full = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(full):
        where = "" if os.path.isabs(path) else f" in {os.getcwd()}"
        raise MissingFlowError(f"There is no file {path!r}{where}.")
    loaded = _already_loaded(full)
    if loaded is not None:
        return loaded
    folder = os.path.dirname(full)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module_name = os.path.splitext(os.path.basename(full))[0]
    module = None
    try:
        spec = importlib.util.spec_from_file_location(module_name, full)
        if spec is None or spec.loader is None:
            raise ImportError(f"{full!r} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(module_name, module)
        stand_in_for_main(module)
        with _only_for_its_flows():
            spec.loader.exec_module(module)
    except Exception as exc:
        if module is not None and sys.modules.get(module_name) is module:
            sys.modules.pop(module_name, None)
        raise ScriptError(exc, full) from exc
    return vars(module)


@contextmanager
def _only_for_its_flows() -> Iterator[None]:
    """Load a script up to where it would call a flow by itself: it was not asked to run.

    What follows the call is not executed, so a flow that stands below it is not found.
    """
    token = being_loaded.set(True)
    try:
        yield
    except LoadingEnds:
        return
    finally:
        being_loaded.reset(token)


def _already_loaded(full: str) -> dict[str, Any] | None:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and os.path.abspath(file) == full:
            return vars(module)
    return None


__all__ = ["load_flow_from_entrypoint", "select_flow"]
