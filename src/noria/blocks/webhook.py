"""A block that calls a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, SecretStr

from noria.blocks.core import Block
from noria.blocks.fields import SecretDict
from noria.blocks.http import request
from noria.engine.dispatch import async_dispatch, in_thread

if TYPE_CHECKING:
    import httpx


class Webhook(Block):
    """Calls a URL. Needs the extra `noria[notify]`.

    Parameters:
        url: The URL; kept secret.
        method: GET, POST, PUT, PATCH or DELETE.
        headers: Further headers; kept secret.
        allow_private_urls: Whether it may be a host of the own network.
        verify: Whether certificates are checked.

    Example:
        >>> hook = Webhook(url="https://example.com/hook", headers={"X-Token": "5f9c1d"})
        >>> hook.url, hook.headers
        (SecretStr('**********'), SecretDict('**********'))
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: SecretStr
    headers: SecretDict = Field(default_factory=lambda: SecretDict({}))
    allow_private_urls: bool = True
    verify: bool = True

    async def acall(self, payload: dict[str, Any] | str | None = None) -> httpx.Response:
        """As `call`, always awaited."""
        return await in_thread(self._call, payload)

    @async_dispatch(acall)
    def call(self, payload: dict[str, Any] | str | None = None) -> httpx.Response:
        """Call the URL.

        Parameters:
            payload: What to send: a mapping as JSON, a text as it is.

        Returns:
            The answer, whatever its status. Inside async runs an awaitable of it.

        Raises:
            ImportError: The package httpx is not installed.
            ValueError: The host is one of the own network, and must not be.
            httpx.HTTPError: There was no answer.
        """
        return self._call(payload)

    def _call(self, payload: dict[str, Any] | str | None) -> httpx.Response:
        arguments = {
            "method": self.method,
            "url": self.url.get_secret_value(),
            "headers": self.headers.get_secret_value(),
            "content" if isinstance(payload, str) else "json": payload,
        }
        return request(arguments, "Webhook", self.verify, self.allow_private_urls)
