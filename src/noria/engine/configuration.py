"""The settings of this process, in one place: from the environment, a `.env` file and a profile.

Asked often, so where there are no such files it costs one look for them and no more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from noria.core.settings import ENV_FILE, PROFILE, Settings, load, profiles_path


def settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Parameters:
        environ: The environment; this process's by default.

    Raises:
        ConfigurationError: A value cannot be used; the message says which and where it stands.
        MissingProfileError: The profile that was asked for does not exist.
    """
    return load(sources(environ))


def sources(environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The variables of this process, the strongest source winning; the environment itself where
    there is neither a profile nor a `.env` file.

    Raises:
        ConfigurationError: A file cannot be read or used.
        MissingProfileError: The profile that was asked for does not exist.
    """
    environ = os.environ if environ is None else environ
    if not (
        environ.get(ENV_FILE) or environ.get(PROFILE) or os.path.exists(profiles_path(environ))
    ):
        return environ
    from noria.engine.settings_files import layers  # noqa: PLC0415 - few processes have the files

    return layers(environ)
