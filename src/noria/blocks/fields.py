"""Types of fields for blocks."""

from __future__ import annotations

from typing import Any

import pydantic


class SecretDict(pydantic.Secret[dict[str, Any]]):
    """A mapping whose values are all secret, such as headers.

    Example:
        >>> headers = SecretDict({"Authorization": "Bearer 5f9c1d"})
        >>> headers
        SecretDict('**********')
        >>> headers.get_secret_value()["Authorization"]
        'Bearer 5f9c1d'
    """
