"""A file fetched from a provider: from known hosts only, never from inside, in bounded time and size."""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from channels.base import Fetched, FetchError, Lack, too_large

MOST_REDIRECTS = 3
LONGEST_WAIT = 3600  # seconds that a provider is believed when it wants to be left alone
_PIECE = 65_536  # bytes read at a time
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Sources:
    """Where files may come from.

    `hosts` over https only, each a name, or `*.` and the end of one, or either with `/` and the begin of the
    path; `configured` are hosts that the operator named: over http too, and inside as well.
    """

    hosts: tuple[str, ...]
    configured: frozenset[str] = frozenset()

    def admit(self, url: str) -> None:
        """Return when the file may be fetched from there; raise FetchError."""
        try:
            parts = urlsplit(url)
            host, has_port = (parts.hostname or "").lower(), parts.port not in (None, 443)
        except ValueError:
            raise FetchError(Lack.REFUSED, "an address that is none") from None
        if parts.username is not None or parts.password is not None:
            raise FetchError(Lack.REFUSED, "an address with a password")
        if host in self.configured and parts.scheme in ("http", "https"):
            return
        is_known = any(_is_of(host, parts.path, known) for known in self.hosts)
        if parts.scheme != "https" or has_port or not is_known:
            raise FetchError(Lack.REFUSED, "a host that files are not fetched from")


def _is_of(host: str, path: str, known: str) -> bool:
    name, _, begin = known.partition("/")
    is_host = host.endswith(name[1:]) if name.startswith("*.") else host == name
    return is_host and path.startswith(f"/{begin}")


class _Outside(AbstractResolver):
    """Resolve names to addresses of the internet only; the connection is made to what was looked at here."""

    def __init__(self, configured: frozenset[str]) -> None:
        self._inner = ThreadedResolver()
        self._configured = configured

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the host's addresses; raise FetchError when one of them lies inside."""
        found = await self._inner.resolve(host, port, family)
        if host.lower() not in self._configured and not all(is_outside(each["host"]) for each in found):
            raise FetchError(Lack.REFUSED, "a host with an address that is not the internet's")
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._inner.close()


def is_outside(address: str) -> bool:
    """Tell whether an IP address is one of the internet: not private, loopback, link-local or reserved."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return found.is_global and inner.is_global and not found.is_multicast and not inner.is_multicast


async def download(
    url: str, sources: Sources, most_bytes: int, seconds: float, headers: Mapping[str, str] | None = None
) -> Fetched:
    """Return the file at this address; raise FetchError, whose text names no address.

    `headers` (credentials) go with the first request only, never with where it redirects to. `seconds` is
    for all of it.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _download(url, sources, most_bytes, headers or {})
    except TimeoutError:
        raise FetchError(Lack.LATER, "no answer in time") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError(Lack.LATER, f"the connection failed ({type(error).__name__})") from None


async def _download(url: str, sources: Sources, most_bytes: int, headers: Mapping[str, str]) -> Fetched:
    connector = aiohttp.TCPConnector(resolver=_Outside(sources.configured), use_dns_cache=False)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:
        for _ in range(MOST_REDIRECTS + 1):
            sources.admit(url)
            sent = {"Accept-Encoding": "identity", **headers}
            async with session.get(url, headers=sent, allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    return await _read(answer, most_bytes)
                url, headers = _led_to(url, answer.headers.get("Location", "")), {}
    raise FetchError(Lack.REFUSED, f"more than {MOST_REDIRECTS} redirects")


def _led_to(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise FetchError(Lack.REFUSED, "a redirect to an address that is none") from None


async def _read(answer: aiohttp.ClientResponse, most_bytes: int) -> Fetched:
    _check_status(answer)
    if (answer.content_length or 0) > most_bytes:
        raise too_large(most_bytes)
    content = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        content += piece
        if len(content) > most_bytes:
            raise too_large(most_bytes)
    return Fetched(bytes(content))


def _check_status(answer: aiohttp.ClientResponse) -> None:
    """Return when the answer holds the file; raise FetchError."""
    if answer.status == 200:
        return
    detail = f"the provider answered {answer.status}"
    if answer.status in _GONE:
        raise FetchError(Lack.GONE, detail)
    wait = answer.headers.get("Retry-After", "")
    seconds = float(min(int(wait), LONGEST_WAIT)) if wait.isascii() and wait.isdecimal() else None
    raise FetchError(Lack.LATER, detail, retry_after=seconds)
