"""The peers' own environments, made once with uv and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.model import ScenarioError


class Peer(NamedTuple):
    """What is installed for a peer.

    Attributes:
        requirement: The package.
        unpinned: Packages whose lower bound is set aside, so that a package index some days behind
            can serve the rest.
    """

    requirement: str
    unpinned: tuple[str, ...] = ()


PREFECT = "Prefect"
DBOS = "DBOS"
PEERS = {PREFECT: Peer("prefect==3.9.1", ("certifi",)), DBOS: Peer("dbos")}


def interpreter(name: str, cache: Path) -> Path:
    """The Python that has a peer installed; made on first use.

    Parameters:
        name: A key of `PEERS`.
        cache: Folder under which environments are kept.

    Raises:
        ScenarioError: uv is missing, or could not make it.
    """
    folder = cache / name.lower()
    python = folder / "bin" / "python"
    # Written last, so that a half-made environment is made again.
    done = folder / ".complete"
    if done.exists():
        return python
    uv = shutil.which("uv")
    if uv is None:
        raise ScenarioError(f"{name} needs uv to be installed, and there is no uv on the PATH.")
    peer = PEERS[name]
    cache.mkdir(parents=True, exist_ok=True)
    override = cache / f"{name.lower()}-override.txt"
    override.write_text("\n".join(peer.unpinned) + "\n", encoding="utf-8")
    print(f"installing {peer.requirement} ...", file=sys.stderr, flush=True)
    _uv(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    install = ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    _uv(uv, *install, "--override", str(override), peer.requirement)
    done.touch()
    return python


def version(python: Path, name: str) -> str:
    """The version of a peer that is installed."""
    program = f"from importlib.metadata import version; print(version({name.lower()!r}))"
    found = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def _uv(uv: str, *arguments: str) -> None:
    # The environment of the repository, in which this runs, is not the one that is spoken of.
    variables = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run([uv, *arguments], capture_output=True, text=True, env=variables)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
        raise ScenarioError(f"uv {arguments[0]} failed: {last}")
