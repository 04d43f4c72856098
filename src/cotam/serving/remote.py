"""Pictures on other hosts: refused, unless the operator named the host, and never from a private address.

The address is looked up once, checked, and connected to, so a name that points elsewhere a moment later changes
nothing; redirects are not followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx

from cotam.serving.errors import ApiError, invalid

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
FETCH_SECONDS: Final = 10.0
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host's name and a port to its addresses."""


def is_remote(url: str) -> bool:
    """Whether a URL names a place in the network."""
    return url[:8].lower().startswith(("http://", "https://"))


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet: neither private, local, reserved nor multicast."""
    found = ipaddress.ip_address(address.partition("%")[0])
    embedded = _embedded(found) if isinstance(found, ipaddress.IPv6Address) else None
    if embedded is not None and not embedded.is_global:
        return False
    return found.is_global and not found.is_multicast


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to, mapped, by 6to4 (RFC 3056) or by NAT64 (RFC 6052)."""
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


async def look_up(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class RemoteImages:
    """Fetches pictures from the hosts that the operator allows."""

    def __init__(
        self,
        hosts: Sequence[str],
        body_bytes: int,
        *,
        look_up: Lookup = look_up,
        permitted: Callable[[str], bool] = is_public,
    ) -> None:
        """Take the rules.

        Args:
            hosts: names that pictures may be fetched from, exactly.
            body_bytes: most bytes of a picture.
            look_up: resolver of names.
            permitted: says of an address whether it may be connected to.
        """
        self._hosts = frozenset(host.lower().rstrip(".") for host in hosts)
        self._most, self._look_up, self._permitted = body_bytes, look_up, permitted

    async def fetch(self, url: str, where: str) -> bytes:
        """Fetch a picture.

        Args:
            url: with http or https.
            where: its place in the request, for messages.

        Raises:
            ApiError: 400: the host is not allowed, has a private address, or does not deliver.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port or DEFAULT_PORTS[parts.scheme]
        except ValueError as error:
            raise _refused(where, f"the URL is malformed ({error})") from error
        if host not in self._hosts:
            raise _refused(
                where, "pictures on other hosts are not fetched here; send a data:image/...;base64,... URL"
            )
        address = await self._address(host, port, where)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._download(parts._replace(fragment="").geturl(), host, address, where)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise _refused(where, f"the picture cannot be fetched ({type(error).__name__})") from error

    async def _address(self, host: str, port: int, where: str) -> str:
        try:
            addresses = await self._look_up(host, port)
        except OSError as error:
            raise _refused(where, f"the host {host} is not known") from error
        if not addresses or not all(self._permitted(address) for address in addresses):
            raise _refused(where, f"the host {host} has a private address, from which nothing is fetched")
        return addresses[0]

    async def _download(self, url: str, host: str, address: str, where: str) -> bytes:
        target = httpx.URL(url)
        pinned = target.copy_with(host=address)
        headers = {"Host": target.netloc.decode("ascii").rpartition("@")[2], "Accept": "image/*"}
        extensions = {"sni_hostname": host}
        received = bytearray()
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=FETCH_SECONDS) as client,
            client.stream("GET", pinned, headers=headers, extensions=extensions) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise _refused(where, f"the host {host} answers {response.status_code}")
            async for piece in response.aiter_bytes():
                received += piece
                if len(received) > self._most:
                    raise _refused(where, f"the picture has more than {self._most} bytes")
        return bytes(received)


def _refused(where: str, message: str) -> ApiError:
    return invalid(message, param=where, code="remote_image")
