"""Arguments of a flow run that hold a secret are kept encrypted: a resume needs them whole."""

from __future__ import annotations

from noria.backend.port import Backend
from noria.core.settings import Settings
from noria.values import keys as key_places
from noria.values import sealed

_WHAT = "arguments"


def protect(
    settings: Settings, backend: Backend, flow_run: bytes, arguments: bytes
) -> bytes | None:
    """What may be written of arguments that hold a secret; None when they cannot be encrypted, so
    that they are not kept."""
    try:
        keys = key_places.held_or_made(settings, backend.sealing_keys())
        return sealed.sealed(keys, flow_run, _WHAT, arguments)
    except Exception:  # noqa: BLE001 - rather no resume than a secret in the open, or no record
        return None


def opened(settings: Settings, flow_run: bytes, name: str, arguments: bytes) -> bytes:
    """The arguments themselves.

    Parameters:
        settings: Say where the keys are.
        flow_run: The run's id.
        name: The run's name, for messages.
        arguments: As they were kept.

    Raises:
        EncryptionError: They are encrypted with a key that is not there, or were changed.
    """
    if not arguments.startswith(sealed.MARK):
        return arguments
    keys = key_places.held(settings)
    return sealed.opened(keys, flow_run, _WHAT, f"Flow run {name!r}", arguments)
