"""HTTP as blocks need it: lazily, and kept from the own network where that is asked for."""

from __future__ import annotations

import importlib
import ipaddress
import socket
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


def library(name: str, needed_for: str) -> Any:
    """A library of the extra `notify`.

    Raises:
        ImportError: It is not installed; says how to install it.
    """
    try:
        # What these libraries warn of while they load is not the business of who runs a flow.
        with warnings.catch_warnings(action="ignore"):
            return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{needed_for} needs the package {name}, which is not installed. "
            "Install it: pip install 'noria[notify]'",
            name=name,
        ) from error


def request(
    arguments: dict[str, Any], needed_for: str, verify: bool = True, allow_private: bool = True
) -> httpx.Response:
    """Make a request and return what came back.

    Parameters:
        arguments: As `httpx.Client.request` takes them.
        needed_for: Who asks, for messages.
        verify: Whether certificates are checked.
        allow_private: Whether hosts of the own network may be called.

    Raises:
        ValueError: The host is one of the own network, and must not be.
    """
    client_library = library("httpx", needed_for)
    transport = client_library.HTTPTransport(verify=verify)
    if not allow_private:
        transport = _public_only(client_library, transport)
    cookies = arguments.pop("cookies", None)
    with client_library.Client(transport=transport, cookies=cookies) as client:
        response: httpx.Response = client.request(**arguments)
    return response


def public_address(host: str, port: int | None) -> str:
    """An address of a host, when all that it has are public.

    Raises:
        ValueError: One of them is not, or it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ValueError(f"Host {host!r} has no address: {error}.") from error
    addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        if not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise ValueError(
                f"Host {host!r} is at {address}, within a private network, which "
                "`allow_private_urls=False` rules out."
            )
    return addresses[0]


def _public_only(httpx: Any, transport: Any) -> Any:
    class PublicOnly(httpx.BaseTransport):  # type: ignore[misc]
        """Looks a name up once, and connects to the very address that it has judged."""

        def handle_request(self, outgoing: Any) -> Any:
            host = outgoing.url.host
            address = public_address(host, outgoing.url.port)
            outgoing.extensions = {**outgoing.extensions, "sni_hostname": host}
            outgoing.url = outgoing.url.copy_with(host=address)
            return transport.handle_request(outgoing)

        def close(self) -> None:
            transport.close()

    return PublicOnly()
