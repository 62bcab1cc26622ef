"""Asks the programming interfaces of shop systems: JSON, tokens, pages, and patience with limits.

What a vendor's file needs beside `server.connectors.http`: `ask` sends one request and reads its
JSON, `patiently` waits out a rate limit that ends soon, `linked_pages` follows `Link: rel="next"`.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from pydantic import Field, field_validator
from requests.utils import parse_header_links

from server.connectors import http
from server.connectors.http import NOTHING, Answer
from server.connectors.source import Limits, ShopConfig
from server.ports import PermanentError, TemporaryError

MAX_PAGE_BYTES = 32 * 1024 * 1024
"""Longest single answer; a listing is read in pages."""
MAX_PAGES = 10_000
MAX_PATIENCE_S = 30.0
"""Waited for one page in all; what lasts longer ends the read, that is tried again when the source
said.
"""
MAX_TRIES = 8
"""Requests for one page, when each is told to come back at once."""

Query = Mapping[str, str] | Mapping[str, int] | Mapping[str, str | int]
Wait = Callable[[float], None]
"""Waits for a number of seconds."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a vendor answered: its JSON (decimal numbers as Decimal), and its headers in lower
    case.
    """

    value: Any
    headers: Mapping[str, str]


class VendorConfig(ShopConfig):
    """Where a shop system is, and how often all of it is read."""

    url: str = Field(description="Address of the shop, such as https://shop.example.")
    language: str = Field(default="fr", pattern=r"^[a-z]{2}$", description="Of the shop’s words.")
    whole_every_s: int = Field(
        default=3_600, ge=300, le=86_400, description="How often everything is read, in seconds."
    )

    INSIDE: ClassVar[str]
    """The folders of such a shop that people copy along with its address (shop_address)."""

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return shop_address(url, cls.INSIDE)


def shop_address(text: str, inside: str) -> str:
    """The address of a shop as people paste it: with or without https://, or a page of it whose
    path goes on with one of the folders `inside` (a regular expression). Raises ValueError.
    """
    whole = text.strip()
    parts = urlsplit(http.check_url(whole if "://" in whole else f"https://{whole}"))
    path = re.sub(f"/(?:{inside})(?:/.*)?$", "", parts.path).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def bearer(token: str) -> dict[str, str]:
    """The header of a bearer token (RFC 6750)."""
    return {"Authorization": f"Bearer {token}"}


def basic(user: str, password: str) -> dict[str, str]:
    """The header of a user name and a password (RFC 7617)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def with_query(url: str, query: Query) -> str:
    """`url` with these parameters beside those that it has."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pairs += [(name, str(value)) for name, value in query.items()]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def ask(
    url: str,
    limits: Limits,
    headers: Mapping[str, str] = NOTHING,
    query: Query = NOTHING,
    body: object = None,
) -> Said:
    """GET `url`, or POST `body` as JSON to it, and read the JSON that it answers.

    Raises TemporaryError (no answer, cut short, no JSON, 429, 5xx; `retry_after_s` where the vendor
    said so) and PermanentError (401 and 403, other 4xx, an address that may not be reached).
    """
    near = replace(limits, max_bytes=min(limits.max_bytes, MAX_PAGE_BYTES))
    whole = with_query(url, query) if query else url
    if body is None:
        return _read(http.get(whole, near, accept="application/json", headers=headers))
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    return _read(http.posted(whole, json.dumps(body).encode(), sent, near))


def patiently(once: Callable[[], Said], wait: Wait = time.sleep) -> Said:
    """Ask, and ask again where the vendor says to come back soon. Raises what `once` raises where
    it does not say when, says much later, or says it again and again.
    """
    left_s = MAX_PATIENCE_S
    for _ in range(MAX_TRIES - 1):
        try:
            return once()
        except TemporaryError as error:
            if error.retry_after_s is None or error.retry_after_s > left_s:
                raise
            left_s -= error.retry_after_s
            wait(error.retry_after_s)
    return once()


def linked_pages(
    url: str,
    limits: Limits,
    headers: Mapping[str, str] = NOTHING,
    query: Query = NOTHING,
    wait: Wait = time.sleep,
) -> Iterator[Said]:
    """Each page of a listing, as `Link: rel="next"` (RFC 8288) leads from one to the next, never to
    another place than `url`. Raises as `ask` does; then the listing is not complete.
    """
    following, given = url, query
    for _ in range(MAX_PAGES):
        said = patiently(partial(ask, following, limits, headers, given), wait)
        yield said
        links = parse_header_links(said.headers.get("link", ""))
        after = next((one["url"] for one in links if one.get("rel") == "next"), "")
        if not after:
            return
        following, given = urljoin(following, after), NOTHING
        if http.origin(following) != http.origin(url):
            raise PermanentError("The listing goes on at another place, which is not followed.")
    raise PermanentError(f"The listing has over {MAX_PAGES} pages.")


def _read(asked: AbstractContextManager[Answer]) -> Said:
    with asked as answer:
        text = answer.body.whole()
        try:
            value = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise TemporaryError(
                "The answer is a web page."
                if text.lstrip()[:1] == b"<"
                else "The answer is no JSON, or was cut short."
            ) from None
        return Said(value, answer.headers)


def _no_number(name: str) -> None:
    raise ValueError(name)
