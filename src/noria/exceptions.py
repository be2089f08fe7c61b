"""All exceptions of Noria."""

from noria.core import errors as _errors
from noria.core.errors import *  # noqa: F403

__all__ = sorted(
    name
    for name, value in vars(_errors).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
