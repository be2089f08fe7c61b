"""Which profile a command is about."""

from __future__ import annotations

from noria.cli.app import App
from noria.core.profiles import Profiles
from noria.core.settings import PROFILE


def chosen(app: App, found: Profiles, name: str | None) -> str:
    """The named profile, else the one in use.

    Raises:
        MissingProfileError: There is none of this name.
    """
    asked = app.environ.get(PROFILE)
    if name is None and asked:
        found.get(asked, PROFILE)
        return asked
    name = name or found.active
    found.get(name)
    return name
